// Door: the way of a phone into a crew: an invitation, what it gives, yes, and what was granted.
import { faultWith } from "../client/call";
import { call } from "../client/link.svelte";
import { askPersistence } from "../client/persist.svelte";
import type { Exchanged, Fault, Invitation } from "../client/protocol";
import { session } from "../client/session.svelte";
import { isKept, keepPage } from "../client/update.svelte";
import type { Enrolled, Preview } from "../client/views";

export type At = "ask" | "confirm" | "done" | "not_kept";

const KEEP_MS = 20_000;

export class Door {
  at = $state.raw<At>("ask");
  isBusy = $state.raw(false);
  preview = $state.raw<Preview | null>(null);
  enrolled = $state.raw<Enrolled | null>(null);
  isPersistent = $state.raw(false);
  fault = $state.raw<Fault | null>(null);
  exchanged = $state.raw<Exchanged | null>(null);
  #invitation: Invitation | null = null;

  /** Takes the secret of a link that this page was opened with. */
  takeLink(secret: string): Promise<void> {
    return this.#look({ link: `${location.origin}/#enrol=${secret}` });
  }

  /** Takes what was typed: a code of this office, or a whole link. */
  takeTyped(text: string): Promise<void> {
    const typed = text.trim();
    if (!typed.includes("#enrol=")) return this.#look({ code: typed, url: location.origin });
    if (typed.startsWith(`${location.origin}/`)) return this.#look({ link: typed });
    this.fault = faultWith("other_address");
    return Promise.resolve();
  }

  /** Asks the office what the invitation gives; that spends nothing. */
  async #look(invitation: Invitation): Promise<void> {
    if (this.isBusy) return;
    [this.isBusy, this.fault, this.exchanged] = [true, null, null];
    this.#invitation = invitation;
    // Enrolled by a page that does not open tomorrow, the phone would stand without its work.
    if (!isKept() && !(await keepPage(KEEP_MS))) {
      [this.isBusy, this.at] = [false, "not_kept"];
      return;
    }
    const seen = await call("preview", { invitation });
    this.isBusy = false;
    if (!seen.ok) { this.fault = seen.fault; return; }
    if (seen.value.preview === null) { this.exchanged = seen.value.exchanged; this.fault = seen.value.exchanged.fault; return; }
    [this.preview, this.at] = [seen.value.preview, "confirm"];
  }

  /** Yes: asks to keep what will be stored, and enrols. */
  async enter(name: string): Promise<void> {
    if (this.isBusy || this.#invitation === null) return;
    [this.isBusy, this.fault, this.exchanged] = [true, null, null];
    this.isPersistent = await askPersistence();
    const done = await call("enrol", { invitation: this.#invitation, name, office: this.preview?.office ?? null });
    this.isBusy = false;
    if (!done.ok) { this.fault = done.fault; return; }
    if (done.value.enrolled === null) { this.exchanged = done.value.exchanged; this.fault = done.value.exchanged.fault; return; }
    [this.enrolled, this.at, this.#invitation] = [done.value.enrolled, "done", null];
  }

  async askAgain(): Promise<void> {
    this.isPersistent = await askPersistence();
  }

  back(): void {
    [this.at, this.preview, this.fault, this.exchanged] = ["ask", null, null, null];
  }

  work(): void {
    session.enter();
  }
}

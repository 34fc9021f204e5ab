// Session: this device on this page: whether it is open, what it last heard of the office, and what was just done.
import { hasWords, t, type Args as Words } from "../words/words.svelte";
import { missing, type Missing } from "./features";
import { call, onNews, open } from "./link.svelte";
import { readPersistence } from "./persist.svelte";
import type { Args, CoreCommands, Exchanged, Fault, News, Reply, Result } from "./protocol";
import { keepPage } from "./update.svelte";

type Said = { id: number; text: string; undo: (() => void) | null };
export type Phase = "opening" | "lacking" | "door" | "work" | "elsewhere" | "broken" | "evicted";

const AFTER_WRITE_MS = 9_000;
const RETRY_MS = 60_000;
/** How soon an exchange follows that was asked for during another one. */
const AGAIN_MS = 1_000;
const PHOTOS_SETTING = "cuadrilla-photos";

class Session {
  phase = $state.raw<Phase>("opening");
  lacks = $state.raw<Missing[]>([]);
  fault = $state.raw<Fault | null>(null);
  said = $state.raw<Said | null>(null);
  /** Rises when the device has news: views are asked for again. */
  version = $state.raw(0);
  isExchanging = $state.raw(false);
  last = $state.raw<Exchanged | null>(null);
  /** The browser deleted the files while they were open. */
  isGone = $state.raw(false);
  withPhotos = $state.raw(true);
  hasBundles = $state.raw(false);
  /** The line that is read again at opening, of how many. */
  folding = $state.raw<{ done: number; last: number } | null>(null);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #saidId = 0;
  #isAskedAgain = false;

  /** Opens this device, or says why it cannot be opened. */
  async begin(isTaking = false): Promise<void> {
    this.lacks = missing(globalThis as unknown as Parameters<typeof missing>[0]);
    if (this.lacks.length > 0) { this.phase = "lacking"; return; }
    // After a death of the worker the screen stays: what stands on it is asked for again.
    if (this.phase !== "work") this.phase = "opening";
    this.withPhotos = localStorage.getItem(PHOTOS_SETTING) !== "no";
    onNews((news) => this.#hear(news), () => void this.begin());
    void readPersistence();
    const opened = await open(isTaking);
    if (!opened.ok) { [this.phase, this.fault] = ["broken", opened.fault]; return; }
    const { state, is_enrolled, was_evicted, has_bundles } = opened.value;
    this.hasBundles = has_bundles;
    if (state === "elsewhere") this.phase = "elsewhere";
    else if (was_evicted) this.phase = "evicted";
    else this.phase = is_enrolled ? "work" : "door";
    if (this.phase === "work") this.enter();
  }

  /** Begins the work: the page is kept for tomorrow, and the office asked. */
  enter(): void {
    this.phase = "work";
    this.version += 1;
    void keepPage(0);
    void this.exchange(true);
    addEventListener("online", this.#ask);
    document.addEventListener("visibilitychange", this.#ask);
  }

  readonly #ask = (): void => {
    if (document.visibilityState === "visible") void this.exchange(true);
  };

  #hear(news: News): void {
    if (news.news === "released") this.phase = "elsewhere";
    if (news.news === "gone") this.isGone = true;
    if (news.news === "folding") this.folding = news;
    if (news.news === "progress") this.version += 1;
  }

  /** Exchanges with the office. A quick one does not keep a slow line busy. */
  async exchange(isQuick: boolean): Promise<void> {
    clearTimeout(this.#timer);
    if (this.phase !== "work") return;
    // The network came back, or something was saved, while an exchange was failing: it is asked for once more after it.
    if (this.isExchanging) { this.#isAskedAgain = true; return; }
    this.isExchanging = true;
    this.#isAskedAgain = false;
    const done = await call("sync", { photos: this.withPhotos, is_quick: isQuick });
    this.isExchanging = false;
    if (done.ok) this.last = done.value;
    else this.fault = done.fault;
    this.version += 1;
    const isAnswered = done.ok && done.value.trouble === null;
    if (this.#isAskedAgain) this.#later(AGAIN_MS);
    else if (!isAnswered) this.#later(RETRY_MS);
  }

  #later(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#ask, ms);
  }

  setPhotos(isOn: boolean): void {
    this.withPhotos = isOn;
    localStorage.setItem(PHOTOS_SETTING, isOn ? "yes" : "no");
  }

  /** Writes. "Saved" is said only when the worker answered that it is. */
  async act<N extends keyof CoreCommands>(name: N, args: Args<N>, saidId: string, undo: ((made: Reply<N>) => (() => void) | null) | null = null): Promise<Result<Reply<N>>> {
    const done = await call(name, args);
    if (done.ok) {
      this.say(saidId, {}, undo?.(done.value) ?? null);
      this.#later(AFTER_WRITE_MS);
    }
    this.version += 1;
    return done;
  }

  say(id: string, args: Words = {}, undo: (() => void) | null = null): void {
    this.#saidId += 1;
    this.said = { id: this.#saidId, text: t(id, args), undo };
  }

  hush(): void {
    this.said = null;
  }
}

export const session = new Session();

/** Returns what went wrong in words: ours for the code, which are in the language of this page, or those that came along. */
export function wordsOf(fault: Fault): { text: string; hint: string } {
  const id = `fault-${fault.code.replaceAll("_", "-")}`;
  if (id !== "fault-internal" && hasWords(id)) return { text: t(id), hint: hasWords(`${id}-hint`) ? t(`${id}-hint`) : "" };
  if (fault.message !== "") return { text: fault.message, hint: fault.hint };
  return { text: t("fault-internal", { code: fault.code }), hint: fault.hint };
}

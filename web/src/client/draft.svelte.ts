// Draft: a half-filled form, kept on the disk before anything that may end this page: camera, call, a turn of the phone.
import { onDestroy } from "svelte";
import { call } from "./link.svelte";

const QUIET_MS = 250;

/** What was typed and is not known to be on the disk, by key: a form that is opened again at once reads it from here. */
const pending = new Map<string, { value: unknown; flush: () => Promise<void> }>();

/** Writes all of it now: the page may end. */
function flushAll(): void {
  for (const { flush } of pending.values()) void flush();
}

addEventListener("pagehide", flushAll);
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden") flushAll();
});

export class Draft<T> {
  readonly #key: string;
  #timer: ReturnType<typeof setTimeout> | undefined;
  value = $state.raw() as T;
  isRead = $state.raw(false);

  /** `empty` is shown until the disk answered. Belongs to the component that makes it: who leaves the form has it kept. */
  constructor(key: string, empty: T) {
    this.#key = key;
    const typed = pending.get(key);
    this.value = typed ? (typed.value as T) : empty;
    this.isRead = typed !== undefined;
    if (!typed) void this.#read();
    onDestroy(() => { if (pending.has(key)) void this.flush(); });
  }

  async #read(): Promise<void> {
    const kept = await call("draft_get", { key: this.#key });
    // What was typed meanwhile is newer than what was kept.
    if (kept.ok && kept.value !== null && !pending.has(this.#key)) this.value = kept.value as T;
    this.isRead = true;
  }

  set(value: T): void {
    this.value = value;
    pending.set(this.#key, { value, flush: () => this.flush() });
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.flush(), QUIET_MS);
  }

  /** Returns when what stands in the form is on the disk. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    const { value } = this;
    const put = await call("draft_put", { key: this.#key, value });
    if (put.ok && pending.get(this.#key)?.value === value) pending.delete(this.#key);
  }

  async drop(): Promise<void> {
    clearTimeout(this.#timer);
    pending.delete(this.#key);
    await call("draft_drop", { key: this.#key });
  }
}

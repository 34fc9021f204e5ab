// Draft: a half-filled form, kept on the disk before anything that may end this page: camera, call, a turn of the phone.
import { call } from "./link.svelte";

const QUIET_MS = 250;

export class Draft<T> {
  readonly #key: string;
  #timer: ReturnType<typeof setTimeout> | undefined;
  value = $state.raw() as T;
  isRead = $state.raw(false);

  /** `empty` is shown until the disk answered. */
  constructor(key: string, empty: T) {
    this.#key = key;
    this.value = empty;
    void this.#read();
  }

  async #read(): Promise<void> {
    const kept = await call("draft_get", { key: this.#key });
    // What was typed meanwhile is newer than what was kept.
    if (kept.ok && kept.value !== null && this.#timer === undefined) this.value = kept.value as T;
    this.isRead = true;
  }

  set(value: T): void {
    this.value = value;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.flush(), QUIET_MS);
  }

  /** Returns when what stands in the form is on the disk. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    await call("draft_put", { key: this.#key, value: this.value });
  }

  async drop(): Promise<void> {
    clearTimeout(this.#timer);
    await call("draft_drop", { key: this.#key });
  }
}

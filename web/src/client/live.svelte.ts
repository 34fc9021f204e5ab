// Live: one view of the core on the screen. It is asked for again when the device has news, and replaced whole.
import { call } from "./link.svelte";
import type { Args, Fault, Name, Reply } from "./protocol";
import { session } from "./session.svelte";

export class Live<N extends Name> {
  value = $state.raw<Reply<N> | null>(null);
  fault = $state.raw<Fault | null>(null);
  #turn = 0;

  /** Call it where effects may be made. `args` is read again whenever what it reads changes. */
  constructor(name: N, args: () => Args<N>) {
    // Asks the worker: the one place outside of Svelte that this view depends on.
    $effect(() => {
      void session.version;
      void this.#load(name, args());
    });
  }

  async #load(name: N, args: Args<N>): Promise<void> {
    this.#turn += 1;
    const turn = this.#turn;
    const asked = await call(name, args);
    if (turn !== this.#turn) return;
    if (asked.ok) [this.value, this.fault] = [asked.value, null];
    else this.fault = asked.fault;
  }
}

// Call: the only door to the worker. Every call ends: with a value, with a fault, or at its deadline.
import type { Answer, Args, Fault, Name, News, Reply, Request, Result } from "./protocol";

export interface Port {
  postMessage(message: Request, transfer?: Transferable[]): void;
}

/** How long each command may take. What is not listed has the ordinary time. */
const DEADLINES_MS: Partial<Record<Name, number>> = {
  open: 30_000, preview: 150_000, enrol: 300_000, sync: 900_000, shrink: 60_000, picture: 20_000, bundle: 60_000, bundle_in: 120_000,
};
const ORDINARY_MS = 10_000;

const READS: ReadonlySet<Name> = new Set<Name>([
  "status", "today", "sheet", "choices", "sends", "judge", "quarantine_list", "preview", "picture", "draft_get", "bundle",
]);

export function faultWith(code: string, hint = ""): Fault {
  return { code, message: "", hint };
}

type Waiting = { name: Name; end: (result: Result<unknown>) => void };

/** The calls that are on their way to one worker. */
export class Calls {
  readonly #port: Port;
  readonly #waiting = new Map<number, Waiting>();
  #next = 1;
  #isDead = false;

  constructor(port: Port) {
    this.#port = port;
  }

  /** Asks; the answer is a value, also for what goes wrong. A write that nobody answered may have been done. */
  call<N extends Name>(name: N, args: Args<N>): Promise<Result<Reply<N>>> {
    if (this.#isDead) return Promise.resolve({ ok: false, fault: faultWith("worker_dead") });
    const id = this.#next++;
    return new Promise((resolve) => {
      const late = setTimeout(() => this.#end(id, { ok: false, fault: unanswered(name) }), DEADLINES_MS[name] ?? ORDINARY_MS);
      const end = (result: Result<unknown>): void => { clearTimeout(late); resolve(result as Result<Reply<N>>); };
      this.#waiting.set(id, { name, end });
      // The one cast: name and args belong together by the signature, which a union cannot show.
      this.#port.postMessage({ id, name, args } as Request);
    });
  }

  take(answer: Answer): void {
    this.#end(answer.id, answer.result);
  }

  /** The worker is gone: nothing waits for it any longer. */
  die(): void {
    this.#isDead = true;
    for (const [id, waiting] of [...this.#waiting]) {
      const code = READS.has(waiting.name) ? "worker_dead" : "not_known";
      this.#end(id, { ok: false, fault: faultWith(code) });
    }
  }

  #end(id: number, result: Result<unknown>): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    waiting?.end(result);
  }
}

function unanswered(name: Name): Fault {
  return faultWith(READS.has(name) ? "slow" : "not_known");
}

export function isNews(message: Answer | News): message is News {
  return "news" in message;
}

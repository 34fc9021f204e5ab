// Link: starts the worker, notices its death, and starts another one. The rooms call through here.
import workerUrl from "../worker/main.ts?worker&url";
import { scriptUrl } from "../trusted";
import { langNow } from "../words/words.svelte";
import { Calls, faultWith, isNews } from "./call";
import { TABS_CHANNEL, type Answer, type Args, type Name, type News, type Opened, type Reply, type Result } from "./protocol";

type Heard = (news: News) => void;

let calls: Calls | null = null;
let module: WebAssembly.Module | null = null;
let hear: Heard = () => {};
let restart: () => void = () => {};
let deaths = 0;
const DEATHS_MAX = 3;
/** A worker that lived so long was no part of a row of deaths. */
const LIVED_MS = 60_000;

/** How the device stands: opening, open, in another tab, or out of order. */
let state = $state.raw<Opened["state"] | "opening" | "broken">("opening");

export function linkState(): typeof state {
  return state;
}

/** `heard` is told what the worker says unasked; `died` opens the device again after its death. */
export function onNews(heard: Heard, died: () => void): void {
  [hear, restart] = [heard, died];
}

/** Asks the worker. `$state` proxies are copied plain on the way. */
export function call<N extends Name>(name: N, args: Args<N>): Promise<Result<Reply<N>>> {
  if (!calls) return Promise.resolve({ ok: false, fault: faultWith("worker_dead") });
  return calls.call(name, $state.snapshot(args) as Args<N>);
}

async function compile(): Promise<WebAssembly.Module> {
  const response = await fetch("/wasm/core_bg.wasm");
  if (!response.ok) throw new Error("no core");
  return WebAssembly.compile(await response.arrayBuffer());
}

function start(): Calls {
  const worker = new Worker(scriptUrl(workerUrl));
  const made = new Calls(worker);
  worker.onmessage = (event: MessageEvent<Answer | News>) => {
    if (!isNews(event.data)) return made.take(event.data);
    if (event.data.news === "ready") watch(made, event.data.lock);
    if (event.data.news === "released") state = "elsewhere";
    hear(event.data);
  };
  worker.onerror = () => die(made);
  return made;
}

/** Waits for the lock that the worker holds while it lives. */
function watch(of: Calls, lock: string): void {
  void navigator.locks.request(lock, () => die(of));
}

function die(of: Calls): void {
  if (of !== calls) return;
  of.die();
  calls = null;
  deaths += 1;
  if (deaths > DEATHS_MAX) state = "broken";
  else restart();
}

/** Opens the device. `isTaking` asks the other tab to hand over first. */
export async function open(isTaking: boolean): Promise<Result<Opened>> {
  state = "opening";
  try {
    module ??= await compile();
  } catch {
    state = "broken";
    return { ok: false, fault: faultWith("no_core") };
  }
  calls ??= start();
  if (isTaking) new BroadcastChannel(TABS_CHANNEL).postMessage("release");
  const args = { module, lang: langNow(), is_taking: isTaking };
  // Not through `call`: a compiled module is no plain value.
  const opened = await calls.call("open", args);
  state = opened.ok ? opened.value.state : "broken";
  const from = deaths;
  setTimeout(() => { if (deaths === from) deaths = 0; }, LIVED_MS);
  return opened;
}

// Worker: owns the wasm and the files. One command at a time reaches the core; only an exchange lets others pass while it waits.
import { TABS_CHANNEL } from "../client/protocol";
import { answer, release, tellBy } from "./answer";
import type { Answer, News, Request } from "./commands";
import { faultOf } from "./fault";

type Port = { postMessage(message: Answer | News): void; onmessage: ((event: MessageEvent<Request>) => void) | null; close(): void };

const port = self as unknown as Port;
const tabs = new BroadcastChannel(TABS_CHANNEL);
const aliveLock = `cuadrilla-alive-${crypto.randomUUID()}`;

async function take(request: Request): Promise<void> {
  try {
    const value = await answer(request.name, request.args);
    port.postMessage({ id: request.id, result: { ok: true, value } });
  } catch (thrown) {
    const fault = faultOf(thrown);
    port.postMessage({ id: request.id, result: { ok: false, fault } });
    // The page hears of it by the lock, and starts a new worker that reads the journal again.
    if (fault.code === "panic") port.close();
  }
}

tellBy((news) => port.postMessage(news));
port.onmessage = (event) => { void take(event.data); };

// Another tab asks for the files: this worker answers even where its page is frozen.
tabs.onmessage = (event: MessageEvent<unknown>) => {
  if (event.data !== "release") return;
  void release().then(() => port.postMessage({ news: "released" }));
};

// Held for as long as this worker lives: the page waits for it, and so notices a death.
void navigator.locks.request(aliveLock, () => {
  port.postMessage({ news: "ready", lock: aliveLock });
  return new Promise(() => {});
});

// Service worker: keeps one whole build, each file checked against its hash. It never keeps an answer of the office,
// takes over only when the person says so, and removes itself where the office no longer has it.
type Extendable = Event & { waitUntil(work: Promise<unknown>): void };
type Fetch = Extendable & { request: Request; respondWith(response: Promise<Response>): void };
type Message = Extendable & { data: unknown };
type Scope = {
  clients: { claim(): Promise<void>; matchAll(options: { includeUncontrolled: boolean }): Promise<unknown[]> };
  registration: { unregister(): Promise<boolean>; active: unknown };
  skipWaiting(): Promise<void>;
  addEventListener(name: "install" | "activate", hear: (event: Extendable) => void): void;
  addEventListener(name: "fetch", hear: (event: Fetch) => void): void;
  addEventListener(name: "message", hear: (event: Message) => void): void;
  location: Location;
};
type List = { version: number; files: Record<string, string>; kill?: boolean };

const scope = self as unknown as Scope;
/** Written in by the build: so these bytes change with every build. */
const LIST_SHA256 = "ASSETS_SHA256";
const PREFIX = "cuadrilla-build-";
const CACHE = PREFIX + LIST_SHA256.slice(0, 16);

async function sha256(bytes: ArrayBuffer): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Fetches a file of this build. A portal's page, or a file of another build, ends the installation. */
async function fetchChecked(path: string, hash: string): Promise<Response> {
  const response = await fetch(path, { cache: "no-cache", redirect: "error" });
  const bytes = await response.clone().arrayBuffer();
  if (!response.ok || (await sha256(bytes)) !== hash) throw new Error(`not of this build: ${path}`);
  return response;
}

async function install(): Promise<void> {
  const list = (await (await fetchChecked("/assets.json", LIST_SHA256)).json()) as List;
  const cache = await caches.open(CACHE);
  for (const [path, hash] of Object.entries(list.files)) await cache.put(path, await fetchChecked(path, hash));
  // The first of all has no tab of another build beside it.
  if (!scope.registration.active) await scope.skipWaiting();
}

/** Takes over. The files of an older build stay while another tab could still want them. */
async function activate(): Promise<void> {
  await scope.clients.claim();
  if ((await scope.clients.matchAll({ includeUncontrolled: true })).length > 1) return;
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith(PREFIX) && name !== CACHE).map((name) => caches.delete(name)));
}

async function answer(request: Request): Promise<Response> {
  const cache = await caches.open(CACHE);
  const path = request.mode === "navigate" ? "/index.html" : new URL(request.url).pathname;
  return (await cache.match(path)) ?? (await caches.match(path)) ?? fetch(request);
}

/** The kill switch: an office that answers `{"kill": true}` for the list wants this worker gone. */
async function checkKill(): Promise<void> {
  const list = (await (await fetch("/assets.json", { cache: "no-store" })).json()) as List;
  if (list.kill !== true) return;
  await scope.registration.unregister();
  await Promise.all((await caches.keys()).filter((name) => name.startsWith(PREFIX)).map((name) => caches.delete(name)));
}

scope.addEventListener("install", (event) => event.waitUntil(install()));
scope.addEventListener("activate", (event) => event.waitUntil(activate()));
scope.addEventListener("message", (event) => {
  if (event.data === "take-over") event.waitUntil(scope.skipWaiting());
  if (event.data === "check") event.waitUntil(checkKill().catch(() => {}));
});
scope.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  const isOurs = url.origin === scope.location.origin && event.request.method === "GET";
  // What the office answers, and its public log, is never kept.
  const isKept = url.pathname === "/" || url.pathname === "/index.html" || /^\/(assets|wasm|icons)\/|^\/manifest\.webmanifest$/.test(url.pathname);
  if (isOurs && isKept) event.respondWith(answer(event.request));
});

// Features: what this browser must have before anything can be kept in it. Asked at the door, and said in words.
export type Missing = "secure" | "wasm" | "files" | "locks" | "database" | "worker";

type Env = {
  isSecureContext: boolean;
  WebAssembly?: unknown;
  indexedDB?: unknown;
  navigator: { storage?: { getDirectory?: unknown }; locks?: unknown; serviceWorker?: unknown };
};

/** Returns what is missing; the first is the cause of those after it. */
export function missing(env: Env): Missing[] {
  if (!env.isSecureContext) return ["secure"];
  const lacks: Missing[] = [];
  if (typeof env.WebAssembly === "undefined") lacks.push("wasm");
  if (typeof env.navigator.storage?.getDirectory !== "function") lacks.push("files");
  if (!env.navigator.locks) lacks.push("locks");
  if (!env.indexedDB) lacks.push("database");
  if (!env.navigator.serviceWorker) lacks.push("worker");
  return lacks;
}

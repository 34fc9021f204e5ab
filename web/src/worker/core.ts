// Core: the shapes of the wasm module, and how it is loaded. The rules are in there; this file has none.
import { scriptUrl } from "../trusted";

export type CradleLine = { number: number; line: Uint8Array };

/** What the core wants done next in an exchange. */
export type Step =
  | { do: "key"; name: string }
  | { do: "sign"; key: string; bytes: Uint8Array<ArrayBuffer> }
  | { do: "post"; route: "sync" | "enrol" | "preview"; frame: Uint8Array<ArrayBuffer>; ticket?: string | null }
  | { do: "wait"; ms: number }
  | { do: "done"; end: string; outcome: unknown };

export interface Core {
  set_lang(lang: "es" | "en"): void;
  call(name: string, args: string): string;
  take_lines(): CradleLine[];
  begin(goal: string, photos: boolean): Step;
  step(event: string, bytes?: Uint8Array): Step;
  keep_photo(bytes: Uint8Array): string;
  photo(sha256: string): Uint8Array<ArrayBuffer> | undefined;
  bundle(): Uint8Array<ArrayBuffer>;
  bundle_import(bytes: Uint8Array): string;
  close(): void;
}

export type CoreClass = {
  new (journal: SyncFile, photos: SyncFile, index: SyncFile, cradle: CradleLine[], boot: Uint8Array): Core;
  sign_with_seed(seed: Uint8Array, bytes: Uint8Array): Uint8Array<ArrayBuffer>;
  public_of_seed(seed: Uint8Array): Uint8Array<ArrayBuffer>;
};

/** A file of this origin, open for this worker alone. */
export interface SyncFile {
  close(): void;
  flush(): void;
  getSize(): number;
  read(into: ArrayBufferView, options?: { at: number }): number;
  truncate(size: number): void;
  write(bytes: ArrayBufferView, options?: { at: number }): number;
}

type Bindgen = ((options: { module_or_path: WebAssembly.Module }) => Promise<unknown>) & { Core: CoreClass };
type Scope = { importScripts(url: string): void; wasm_bindgen?: Bindgen };

/** Loads the core from the module that the page compiled: a worker's own fetch may fail without signal. */
export async function loadCore(module: WebAssembly.Module): Promise<CoreClass> {
  const scope = self as unknown as Scope;
  if (!scope.wasm_bindgen) scope.importScripts(scriptUrl("/wasm/core.js"));
  const bindgen = scope.wasm_bindgen;
  if (!bindgen) throw new Error("the core did not load");
  await bindgen({ module_or_path: module });
  return bindgen.Core;
}

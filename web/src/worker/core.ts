// Core: the shapes of the wasm module, and how it is loaded. The rules are in there; this file has none.
import { scriptUrl } from "../trusted";

type Bytes = Uint8Array<ArrayBuffer>;
export type CradleLine = { number: number; line: Uint8Array };

/** What the core wants done next in an exchange. */
export type Step = { bytes: Bytes } & (
  | { do: "key"; key: string }
  | { do: "sign"; key: string }
  | { do: "post"; path: string; ticket: string | null }
  | { do: "wait"; ms: number }
  | { do: "done"; end: string; outcome: unknown }
);

/** The open core. Each call throws JSON with `code`, `message` and `hint`. */
export interface Core {
  set_lang(lang: string): void;
  call(name: string, args: string): string;
  take_lines(): CradleLine[];
  begin(goal: string): Step;
  step(event: string, bytes?: Uint8Array): Step;
  keep_photo(bytes: Uint8Array): string;
  photo(sha256: string): Bytes | undefined;
  /** Not in every build: without them no file is offered. What is to be signed comes first; 64 bytes for each go back. */
  bundle_begin?(): { key: string; bytes: Bytes }[];
  bundle?(signatures: Uint8Array, photos: boolean): Bytes;
  bundle_import?(bytes: Uint8Array): string;
  close(): void;
}

/** A file of this origin, open for this worker alone. */
export interface SyncFile {
  close(): void;
}
export type FileName = "journal" | "index" | "photos" | "names";
export type Files = Record<FileName, SyncFile>;

type Progress = (done: number, last: number) => void;
type CoreClass = {
  new (
    journal: SyncFile, photos: SyncFile, index: SyncFile, names: SyncFile,
    cradle: CradleLine[], boot: Uint8Array, lang: string, progress: Progress,
  ): Core;
  public_of_seed(seed: Uint8Array): Uint8Array | undefined;
  sign_with_seed(seed: Uint8Array, digest: Uint8Array): Uint8Array | undefined;
};
type Bindgen = ((options: { module_or_path: WebAssembly.Module }) => Promise<unknown>) & { Core: CoreClass };
/** The core's script declares it with `let`: it is a name of all scripts of this worker, and no member of its scope. */
declare const wasm_bindgen: Bindgen;
type Scope = { importScripts(url: string): void };

/** The loaded module's one class. */
export type Module = CoreClass;

/** Loads the core from the module that the page compiled: a worker's own fetch may fail without signal. */
export async function loadCore(module: WebAssembly.Module): Promise<Module> {
  if (typeof wasm_bindgen === "undefined") (self as unknown as Scope).importScripts(scriptUrl("/wasm/core.js"));
  await wasm_bindgen({ module_or_path: module });
  return wasm_bindgen.Core;
}

/** Asks a command; the answer is JSON. */
export function ask(core: Core, name: string, args: object): unknown {
  return JSON.parse(core.call(name, JSON.stringify(args)));
}

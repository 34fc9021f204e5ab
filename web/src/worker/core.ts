// Core: the shapes of the wasm module, and how it is loaded. The rules are in there; this file has none.
import { scriptUrl } from "../trusted";

type Bytes = Uint8Array<ArrayBuffer>;
export type CradleLine = { number: number; line: Uint8Array };

/** What the core wants done next in an exchange; the bytes come beside. */
export type Next =
  | { do: "key"; key: string }
  | { do: "sign"; key: string }
  | { do: "post"; path: string; ticket?: string | null }
  | { do: "wait"; ms: number }
  | { do: "done"; end: string; outcome: unknown };
export type Step = { next: Next; bytes: Bytes };
type RawStep = { next: string; bytes: Bytes };

interface App {
  set_lang(lang: "es" | "en"): void;
  call(name: string, args: string): string;
  take_lines(): CradleLine[];
  begin(goal: string): RawStep;
  step(event: string, bytes: Uint8Array): RawStep;
  keep_photo(bytes: Uint8Array): string;
  photo(sha256: string): Bytes | undefined;
  /** Not in every build: without them no file is offered. */
  bundle?(): Bytes;
  bundle_import?(bytes: Uint8Array): string;
  free(): void;
}

/** A file of this origin, open for this worker alone. */
export interface SyncFile {
  close(): void;
}
export type FileName = "journal" | "index" | "photos" | "names";
export type Files = Record<FileName, SyncFile>;

type Progress = (done: number, last: number) => void;
type AppClass = new (
  journal: SyncFile, index: SyncFile, photos: SyncFile, names: SyncFile,
  cradle: CradleLine[], boot: Uint8Array, lang: string, progress: Progress,
) => App;
type Bindgen = ((options: { module_or_path: WebAssembly.Module }) => Promise<unknown>) & {
  App: AppClass;
  public_of_seed(seed: Uint8Array): Uint8Array | undefined;
  sign_with_seed(seed: Uint8Array, bytes: Uint8Array): Uint8Array | undefined;
};
/** The core's script declares it with `let`: it is a name of all scripts of this worker, and no member of its scope. */
declare const wasm_bindgen: Bindgen;
type Scope = { importScripts(url: string): void };

/** The loaded module. */
export type Module = Bindgen;

/** Loads the core from the module that the page compiled: a worker's own fetch may fail without signal. */
export async function loadCore(module: WebAssembly.Module): Promise<Module> {
  if (typeof wasm_bindgen === "undefined") (self as unknown as Scope).importScripts(scriptUrl("/wasm/core.js"));
  await wasm_bindgen({ module_or_path: module });
  return wasm_bindgen;
}

/** The open core. */
export class Core {
  readonly app: App;

  constructor(module: Module, files: Files, cradle: CradleLine[], boot: Uint8Array, lang: string, progress: Progress) {
    this.app = new module.App(files.journal, files.index, files.photos, files.names, cradle, boot, lang, progress);
  }

  /** Asks a command; the answer is JSON. */
  ask(name: string, args: object): unknown {
    return JSON.parse(this.app.call(name, JSON.stringify(args)));
  }

  begin(goal: object): Step {
    return stepOf(this.app.begin(JSON.stringify(goal)));
  }

  step(event: object, bytes: Uint8Array = new Uint8Array()): Step {
    return stepOf(this.app.step(JSON.stringify(event), bytes));
  }
}

function stepOf(raw: RawStep): Step {
  return { next: JSON.parse(raw.next) as Next, bytes: raw.bytes };
}

// Device: the open core with its files. A write is answered when it is safe: in a file that is there, or in the cradle.
import { ask, type Core, type Files, type Module } from "./core";
import { cradleLines, isYoung, keepInCradle, noteEnrolled, wasEnrolled } from "./cradle";
import { faultOf } from "./fault";
import { closeFiles, isJournalThere, openFiles } from "./files";

const BOOT_BYTES = 8;

/** Whom the device tells: of lines that are folded at opening, and once of files that were deleted while it was open. */
export type Heard = { folding: (done: number, last: number) => void; gone: () => void };

export class Device {
  readonly core: Core;
  readonly module: Module;
  readonly #files: Files;
  /** Said once: the browser deleted the files of this open device. */
  readonly #ongone: () => void;

  private constructor(core: Core, module: Module, files: Files, ongone: () => void) {
    this.core = core;
    this.module = module;
    this.#files = files;
    this.#ongone = ongone;
  }

  /** Opens the files and the core over them; what the journal lost of its first minutes comes back from the cradle. */
  static async open(module: Module, lang: string, heard: Heard): Promise<{ device: Device; wasEvicted: boolean }> {
    const hadEnrolled = await wasEnrolled();
    const { files, isNew } = await openFiles();
    try {
      const boot = crypto.getRandomValues(new Uint8Array(BOOT_BYTES));
      const core = new module(files.journal, files.photos, files.index, files.names, await cradleLines(), boot, lang, heard.folding);
      const device = new Device(core, module, files, heard.gone);
      await device.settle();
      return { device, wasEvicted: isNew && hadEnrolled };
    } catch (thrown) {
      closeFiles(files);
      throw thrown;
    }
  }

  /** Whether this device belongs to a municipality. */
  isEnrolled(): boolean {
    try {
      ask(this.core, "status", {});
      return true;
    } catch (thrown) {
      if (faultOf(thrown).code === "not_enrolled") return false;
      throw thrown;
    }
  }

  async noteEnrolled(): Promise<void> {
    await noteEnrolled();
  }

  /** Returns when the lines that the core wrote since the last time are safe. Fails if they cannot be. */
  async settle(): Promise<void> {
    const lines = this.core.take_lines();
    if (lines.length === 0) return;
    const isThere = await isJournalThere();
    if (!isThere || (await isYoung(Date.now()))) await keepInCradle(lines);
    // The file was deleted while it was open, and writing into it goes on without a word.
    if (!isThere) this.#ongone();
  }

  close(): void {
    this.core.close();
    closeFiles(this.#files);
  }
}

// Device: the open core with its files. A write is answered when it is safe: in a file that is there, or in the cradle.
import { ask, type Core, type Files, type Module } from "./core";
import { cradleLines, isYoung, keepInCradle, noteEnrolled, setLinesAside, wasEnrolled } from "./cradle";
import { faultOf } from "./fault";
import { holdKeys, keepKeysAgain, setKeysAside } from "./keys";
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
      await holdKeys();
      const boot = crypto.getRandomValues(new Uint8Array(BOOT_BYTES));
      const over = async (): Promise<Core> =>
        new module(files.journal, files.photos, files.index, files.names, await cradleLines(), boot, lang, heard.folding);
      const core = await over().catch(async (thrown: unknown) => {
        if (!isNew || faultOf(thrown).code !== "journal_lost") throw thrown;
        await setLinesAside();
        return over();
      });
      const device = new Device(core, module, files, heard.gone);
      await device.settle();
      const wasEvicted = isNew && hadEnrolled;
      if (wasEvicted && !device.isEnrolled()) await setKeysAside();
      return { device, wasEvicted };
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
    if (!isThere) await this.#loseFiles();
  }

  /** The file was deleted while it was open, and writing into it goes on without a word. What is in memory is kept again. */
  async #loseFiles(): Promise<void> {
    await keepKeysAgain();
    if (this.isEnrolled()) await noteEnrolled();
    this.#ongone();
  }

  close(): void {
    this.core.close();
    closeFiles(this.#files);
  }
}

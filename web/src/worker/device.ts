// Device: the open core with its files. A write is answered when it is safe: in a file that is there, or in the cradle.
import type { CoreClass, Core } from "./core";
import { cradleLines, isYoung, keepInCradle, noteEnrolled, wasEnrolled } from "./cradle";
import { faultOf } from "./fault";
import { closeFiles, isJournalThere, openFiles, type Files } from "./files";

const BOOT_BYTES = 8;

export class Device {
  readonly core: Core;
  readonly class: CoreClass;
  readonly #files: Files;
  /** Said once: the browser deleted the files of this open device. */
  readonly #ongone: () => void;

  private constructor(core: Core, coreClass: CoreClass, files: Files, ongone: () => void) {
    this.core = core;
    this.class = coreClass;
    this.#files = files;
    this.#ongone = ongone;
  }

  /** Opens the files and the core over them; what the journal lost of its first minutes comes back from the cradle. */
  static async open(coreClass: CoreClass, ongone: () => void): Promise<{ device: Device; wasEvicted: boolean }> {
    const hadEnrolled = await wasEnrolled();
    const { files, isNew } = await openFiles();
    try {
      const boot = crypto.getRandomValues(new Uint8Array(BOOT_BYTES));
      const core = new coreClass(files.journal, files.photos, files.index, await cradleLines(), boot);
      const device = new Device(core, coreClass, files, ongone);
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
      this.core.call("status", "{}");
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
    if (await isYoung(Date.now())) {
      await keepInCradle(lines);
      return;
    }
    if (await isJournalThere()) return;
    // The file was deleted while it was open, and writing into it went on without a word.
    await keepInCradle(lines);
    this.#ongone();
  }

  close(): void {
    this.core.close();
    closeFiles(this.#files);
  }
}

// Files: the four files of this device. They are made once, before enrolment, and never renamed or made again beside it.
import { FILES_LOCK } from "../client/protocol";
import { noteMade } from "./cradle";
import type { FileName, Files, SyncFile } from "./core";
import { Refusal } from "./fault";

type Handle = FileSystemFileHandle & { createSyncAccessHandle(): Promise<SyncFile> };
const NAMES: readonly FileName[] = ["journal", "index", "photos", "names"];

/** How long a name may stay locked after site data were cleared, before we say so. */
const LOCKED_MS = 3_000;
/** How long another tab has to hand over, and one that was just closed or reloaded to let go. */
const HAND_OVER_MS = 2_000;
const LET_GO_MS = 700;

let giveUpLock: (() => void) | null = null;

async function exists(folder: FileSystemDirectoryHandle, name: FileName): Promise<boolean> {
  try {
    await folder.getFileHandle(name);
    return true;
  } catch {
    return false;
  }
}

/** Whether the journal is still under its name: a file that was deleted goes on taking writes, and keeps none. */
export async function isJournalThere(): Promise<boolean> {
  return exists(await navigator.storage.getDirectory(), "journal");
}

async function openOne(folder: FileSystemDirectoryHandle, name: FileName): Promise<SyncFile> {
  const handle = (await folder.getFileHandle(name, { create: true })) as Handle;
  const until = Date.now() + LOCKED_MS;
  for (;;) {
    try {
      return await handle.createSyncAccessHandle();
    } catch (thrown) {
      if (Date.now() > until) throw new Refusal("files_locked", String(thrown));
      await new Promise((wake) => setTimeout(wake, 100));
    }
  }
}

/** Takes the lock that one tab has at a time. Returns whether it came; `isTaking` waits for the other tab to hand over. */
export function takeLock(isTaking: boolean): Promise<boolean> {
  if (giveUpLock) return Promise.resolve(true);
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), isTaking ? HAND_OVER_MS : LET_GO_MS);
  return new Promise((resolve) => {
    navigator.locks.request(FILES_LOCK, { signal: abort.signal }, () => {
      clearTimeout(timer);
      resolve(true);
      return new Promise<void>((release) => { giveUpLock = release; });
    }).catch(() => resolve(false));
  });
}

export function dropLock(): void {
  giveUpLock?.();
  giveUpLock = null;
}

/** Opens all four; makes those that are not there. `isNew`: the journal was not there. */
export async function openFiles(): Promise<{ files: Files; isNew: boolean }> {
  const folder = await navigator.storage.getDirectory();
  const isNew = !(await exists(folder, "journal"));
  if (isNew) await noteMade(Date.now());
  const open: Partial<Files> = {};
  try {
    for (const name of NAMES) open[name] = await openOne(folder, name);
  } catch (thrown) {
    closeFiles(open);
    throw thrown;
  }
  return { files: open as Files, isNew };
}

export function closeFiles(files: Partial<Files>): void {
  for (const name of NAMES) files[name]?.close();
}

// Cradle: each line of the journal's first two minutes, because a file that was just made does not outlive a power cut.
import type { CradleLine } from "./core";
import { read, readAll, write } from "./database";

/** How long a new file is not trusted, with room beyond the 45 s that were measured. */
export const YOUNG_MS = 120_000;
const MADE = "journal_made_ms";
const ENROLLED = "enrolled";
const ASIDE = "lines_without_ground";

/** Returns the lines that the cradle keeps, lowest number first. */
export async function cradleLines(): Promise<CradleLine[]> {
  const kept = await readAll<Uint8Array>("lines");
  return kept.map(([number, line]) => ({ number: Number(number), line })).sort((a, b) => a.number - b.number);
}

export async function keepInCradle(lines: readonly CradleLine[]): Promise<void> {
  await write("lines", lines.map(({ number, line }) => [number, line.slice()] as const));
}

/** Moves lines out of the way whose ground was deleted: nothing can be made of them, and they would keep the device from opening. */
export async function setLinesAside(): Promise<void> {
  const lines = await cradleLines();
  await write("facts", [[ASIDE, lines]]);
  await write("lines", lines.map(({ number }) => [number, undefined] as const));
}

/** Notes when the journal was made, which is where its youth begins. */
export async function noteMade(nowMs: number): Promise<void> {
  await write("facts", [[MADE, nowMs]]);
}

/** Whether the journal is young. A clock that went back makes it young again, which costs time and loses nothing. */
export async function isYoung(nowMs: number): Promise<boolean> {
  const made = await read<number>("facts", MADE);
  return made === undefined || nowMs - made < YOUNG_MS;
}

export async function wasEnrolled(): Promise<boolean> {
  return (await read<boolean>("facts", ENROLLED)) === true;
}

export async function noteEnrolled(): Promise<void> {
  await write("facts", [[ENROLLED, true]]);
}

// Rod: where the marks of the levelling rod stand. It draws; it judges nothing.
export type Norm = { min: string | null; max: string | null };
export type Mark = { x: number; text: string; anchor: "middle" | "end" };
export type RodPicture = { from: number; to: number; marks: Mark[]; at: number | null; isOut: boolean };

const LEFT = 10;
const WIDTH = 300;
const TICKS = 20;

/** Returns the least of 1, 2, 5, 10, 20, 50 … that is not below `value`. */
function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 5, 10].find((one) => one * power >= value * 0.999_999);
  return (step ?? 10) * power;
}

/** Returns the picture for a norm and what is written; `null` where there is nothing to draw. */
export function picture(norm: Norm, value: string): RodPicture | null {
  const min = norm.min === null ? null : Number(norm.min);
  const max = norm.max === null ? null : Number(norm.max);
  const highest = max ?? (min === null ? 0 : min * 2);
  if (!(highest > 0) || (min !== null && min < 0)) return null;
  const end = roundUp(highest * 1.1);
  const x = (at: number): number => LEFT + (Math.min(Math.max(at, 0), end) / end) * WIDTH;
  const marks: Mark[] = [{ x: LEFT + WIDTH, text: String(end), anchor: "end" }];
  if (min !== null) marks.push({ x: x(min), text: String(min), anchor: "middle" });
  if (max !== null && x(max) < LEFT + WIDTH - 24) marks.push({ x: x(max), text: String(max), anchor: "middle" });
  const now = value === "" ? null : Number(value);
  const isOut = now !== null && ((min !== null && now < min) || (max !== null && now > max));
  return { from: x(min ?? 0), to: x(max ?? end), marks, at: now === null || Number.isNaN(now) ? null : x(now), isOut };
}

/** Returns where the small ticks are, and whether each is a long one. */
export function ticks(): { x: number; isLong: boolean }[] {
  return Array.from({ length: TICKS + 1 }, (_, at) => ({ x: LEFT + (WIDTH / TICKS) * at, isLong: at % 5 === 0 }));
}

// Value: what stands in a line of an order, in words; `null` where nothing does.
import type { Line } from "../client/views";
import { shortDay } from "../words/time";
import { say, t } from "../words/words.svelte";

export function valueOf(line: Line): string | null {
  if (line.shown !== null) return say(line.shown);
  if (line.value === null) return null;
  if (line.type === "date") return shortDay(line.value);
  if (line.type === "yes_no") return t(line.value === "true" ? "yes" : "no");
  return line.unit === null ? line.value : `${line.value} ${line.unit}`;
}

// Norm: the limits of a norm in words: short enough for a key.
import type { Line } from "../client/views";
import { t } from "../words/words.svelte";

export function normText(norm: NonNullable<Line["norm"]>, unit: string | null): string {
  const { min, max } = norm;
  const of = unit ?? "";
  if (min !== null && max !== null) return t("norm-between", { min, max, unit: of });
  if (min !== null) return t("norm-least", { min, unit: of });
  return max === null ? t("norm-word") : t("norm-most", { max, unit: of });
}

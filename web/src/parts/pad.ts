// Pad: what a key of the number pad makes of what stands there. A comma is a point; nothing is rounded.
export type PadKey = "0" | "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" | "." | "-" | "erase";
export type PadRules = { scale: number; isSigned: boolean };

const DIGITS_MAX = 9;

/** Returns the text after `key`. A key that cannot be taken leaves it as it is. */
export function press(text: string, key: PadKey, rules: PadRules): string {
  if (key === "erase") return text.slice(0, -1);
  if (key === "-") return flip(text, rules);
  if (key === ".") return point(text, rules);
  const next = text === "0" || text === "-0" ? text.slice(0, -1) + key : text + key;
  return isFit(next, rules) ? next : text;
}

/** Returns what a keyboard or the clipboard brought as the pad would have written it; `null` if it is no number. */
export function clean(text: string, rules: PadRules): string | null {
  const plain = text.trim().replace(",", ".");
  if (!/^-?\d*\.?\d*$/.test(plain) || !/\d/.test(plain)) return null;
  const [whole = "", part] = plain.replace("-", "").split(".");
  const sign = plain.startsWith("-") ? "-" : "";
  const digits = whole.replace(/^0+(?=\d)/, "") || "0";
  const made = sign + (part === undefined ? digits : `${digits}.${part}`);
  return isFit(made, rules) && (sign === "" || rules.isSigned) ? made : null;
}

/** Returns the number that was written, without a point at its end; empty if there is none. */
export function written(text: string): string {
  const trimmed = text.endsWith(".") ? text.slice(0, -1) : text;
  return /\d/.test(trimmed) ? trimmed : "";
}

/** Returns the key of the pad for a key of the keyboard, if it has one. */
export function keyOf(pressed: string): PadKey | null {
  if (/^[0-9]$/.test(pressed)) return pressed as PadKey;
  if (pressed === "." || pressed === ",") return ".";
  if (pressed === "-") return "-";
  return pressed === "Backspace" || pressed === "Delete" ? "erase" : null;
}

function flip(text: string, rules: PadRules): string {
  if (!rules.isSigned) return text;
  return text.startsWith("-") ? text.slice(1) : `-${text}`;
}

function point(text: string, rules: PadRules): string {
  if (rules.scale === 0 || text.includes(".")) return text;
  return written(text) === "" ? `${text}0.` : `${text}.`;
}

function isFit(text: string, rules: PadRules): boolean {
  const [whole = "", part = ""] = text.replace("-", "").split(".");
  return whole.length <= DIGITS_MAX && part.length <= rules.scale && (part === "" || rules.scale > 0);
}

// Time: moments and dates as people say them, in the municipality's own hours: the zone of a phone may be out of date.
import { localeNow, t } from "./words.svelte";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

type Options = Intl.DateTimeFormatOptions;

function format(ms: number, options: Options): string {
  return new Intl.DateTimeFormat(localeNow(), { ...options, timeZone: "UTC" }).format(ms);
}

/** Returns how long ago that was; `null` is never. */
export function ago(thenMs: number | null, nowMs: number): string {
  if (thenMs === null) return t("ago-never");
  const past = Math.max(0, nowMs - thenMs);
  if (past < MINUTE) return t("ago-now");
  if (past < HOUR) return t("ago-minutes", { count: Math.floor(past / MINUTE) });
  if (past < DAY) return t("ago-hours", { count: Math.floor(past / HOUR) });
  return t("ago-days", { count: Math.floor(past / DAY) });
}

/** Returns a day that the core gave as `YYYY-MM-DD`: `jueves 19 de noviembre`. */
export function day(date: string): string {
  const ms = Date.parse(`${date}T00:00:00Z`);
  return Number.isNaN(ms) ? date : format(ms, { weekday: "long", day: "numeric", month: "long" });
}

/** Returns a short day: `19 nov 2026`. */
export function shortDay(date: string): string {
  const ms = Date.parse(`${date.slice(0, 10)}T00:00:00Z`);
  return Number.isNaN(ms) ? date : format(ms, { day: "numeric", month: "short", year: "numeric" });
}

/** Returns a moment (RFC 3339 or milliseconds) in the zone with this offset: `19 nov, 10:42`. */
export function moment(at: string | number, offsetMin: number): string {
  const ms = typeof at === "number" ? at : Date.parse(at);
  if (Number.isNaN(ms)) return String(at);
  return format(ms + offsetMin * MINUTE, { day: "numeric", month: "short", hour: "numeric", minute: "2-digit", hour12: false });
}

/** Returns a size in bytes, as people say it: `310 kB`, `1.2 MB`. */
export function size(bytes: number): string {
  const kilo = bytes / 1000;
  const [value, unit] = kilo < 1000 ? [kilo, "kB"] : [kilo / 1000, "MB"];
  const digits = unit === "MB" ? 1 : 0;
  return `${new Intl.NumberFormat(localeNow(), { maximumFractionDigits: digits }).format(value)} ${unit}`;
}

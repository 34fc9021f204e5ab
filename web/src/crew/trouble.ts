// Trouble: why the last try did not reach the office: no signal, another page, silence, and a cut are four things.
import type { Exchanged, Trouble } from "../client/protocol";
import type { IconName } from "../parts/icons";

const ICONS: Record<Trouble, IconName> = {
  no_signal: "nosignal", unreachable: "nosignal", silent: "signal", foreign: "alert", cut: "unknown", busy: "clock", refused: "stop",
};

/** Returns the id of the sentence and its icon; `null` if the office answered. */
export function troubleOf(last: Exchanged | null): { id: string; icon: IconName } | null {
  if (last === null) return null;
  if (last.trouble !== null) return { id: `trouble-${last.trouble.replace("_", "-")}`, icon: ICONS[last.trouble] };
  if (last.end === "stuck" || last.end === "failed") return { id: "trouble-stuck", icon: "stop" };
  return null;
}

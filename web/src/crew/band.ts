// Band: the line at the foot of the crew's screens, from what the core says of this device.
import type { StateLine } from "../client/views";
import type { BandLine, Tab } from "../parts/Band.svelte";
import { ago } from "../words/time";
import { t } from "../words/words.svelte";

type What = { icon: BandLine["icon"]; text: string };

function whatOf(state: StateLine): What {
  if (state.split) return { icon: "split", text: t("band-split") };
  if (state.revoked !== null) return { icon: "lock", text: t("band-revoked", { count: state.unsent }) };
  if (state.quarantined > 0) return { icon: "review", text: t("band-review", { count: state.quarantined, unsent: state.unsent }) };
  if (state.unsent > 0) {
    const isUnknown = state.tick === "unknown";
    return { icon: isUnknown ? "unknown" : "saved", text: t(isUnknown ? "band-unknown" : "band-unsent", { count: state.unsent }) };
  }
  if (state.photos_unsent > 0) return { icon: "image", text: t("band-photos", { count: state.photos_unsent }) };
  return { icon: state.heard_at_ms === null ? "unknown" : "counts", text: t("band-all") };
}

/** Returns the line for what is known now; marked for good where the browser did not promise to keep the work. */
export function bandOf(state: StateLine, nowMs: number, isPersistent: boolean | null = null): BandLine {
  const heard = t("band-heard", { ago: ago(state.heard_at_ms, nowMs) });
  const more = isPersistent === false ? `${heard} · ${t("band-not-kept")}` : heard;
  return { mood: state.mood, ...whatOf(state), more, href: "#/sends" };
}

export type TabName = "today" | "new" | "sends";

export function tabsAt(here: TabName): Tab[] {
  return [
    { href: "#/", icon: "today", word: t("tab-today"), isHere: here === "today" },
    { href: "#/new", icon: "plus", word: t("tab-new"), isHere: here === "new" },
    { href: "#/sends", icon: "updown", word: t("tab-sends"), isHere: here === "sends" },
  ];
}

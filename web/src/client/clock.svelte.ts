// Clock: the time of this phone, for sentences like "3 days ago". It decides nothing.
const TURN_MS = 20_000;
let now = $state.raw(Date.now());
setInterval(() => { now = Date.now(); }, TURN_MS);

export function nowMs(): number {
  return now;
}

/** Returns the offset of the municipality's hours where the core told it, else this phone's. */
export function offsetOf(state: { utc_offset_min?: number } | null): number {
  return state?.utc_offset_min ?? -new Date(now).getTimezoneOffset();
}

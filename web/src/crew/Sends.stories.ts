// Stories of what the office has: each cause of trouble, and none.
import type { Exchanged, Trouble } from "../client/protocol";
import * as s from "../stories/samples";
import { story } from "../stories/story";
import Review from "./Review.svelte";
import Sends from "./Sends.svelte";

const answered: Exchanged = { end: "finished", trouble: null, fault: null, photos_sent: 2, photos_refused: [], at_ms: Date.now() };
const TROUBLES: Trouble[] = ["no_signal", "unreachable", "silent", "cut", "foreign", "busy", "refused"];

export const stories = [
  story("sends", Sends, { sends: s.sends, last: null, isExchanging: false }),
  story("sends-now", Sends, { sends: s.sends, last: null, isExchanging: true }),
  story("sends-all", Sends, { sends: s.sentAll, last: answered, isExchanging: false }),
  story("sends-unknown", Sends, { sends: { ...s.sends, state: s.unknown, counts: { ...s.sends.counts, unknown: 2 } }, last: { ...answered, end: "gave_up", trouble: "cut" }, isExchanging: false }),
  ...TROUBLES.map((trouble) => story(`sends-${trouble}`, Sends, { sends: s.sends, last: { ...answered, end: "gave_up", trouble }, isExchanging: false })),
  story("review", Review, { held: s.held, dismissed: s.dismissed, standing: s.reviewed }),
  story("review-none", Review, { held: [], dismissed: [], standing: s.calm }),
];

// Stories of one order and its sheets.
import * as s from "../stories/samples";
import { story } from "../stories/story";
import ExplainSheet from "./ExplainSheet.svelte";
import FinishSheet from "./FinishSheet.svelte";
import FixSheet from "./FixSheet.svelte";
import HistorySheet from "./HistorySheet.svelte";
import LineText from "./LineText.svelte";
import MaterialSheet from "./MaterialSheet.svelte";
import NoteSheet from "./NoteSheet.svelte";
import Order from "./Order.svelte";
import PhotosSheet from "./PhotosSheet.svelte";
import SignSheet from "./SignSheet.svelte";
import StepSheet from "./StepSheet.svelte";

export const stories = [
  story("order", Order, { sheet: s.sheet }),
  story("order-to-begin", Order, { sheet: s.toBegin }),
  story("order-ready", Order, { sheet: s.ready }),
  story("order-done", Order, { sheet: s.done }),
  story("order-conflict", Order, { sheet: s.conflicted }),
  story("order-read-only", Order, { sheet: { ...s.sheet, can_write: false } }),
  story("order-hostile", Order, { sheet: s.hostile }),
  story("line-choice", LineText, { sheet: s.sheet, line: s.reagent }),
  story("line-text", LineText, { sheet: s.sheet, line: s.lot }),
  story("line-date", LineText, { sheet: s.sheet, line: s.line({ type: "date", value: "2026-11-19", unit: null }) }),
  story("note", NoteSheet, { sheet: s.sheet }),
  story("material", MaterialSheet, { sheet: s.sheet, choices: s.choices }),
  story("step-pause", StepSheet, { sheet: s.sheet, step: s.pauseStep }),
  story("finish-missing", FinishSheet, { sheet: s.sheet }),
  story("finish-ready", FinishSheet, { sheet: s.ready }),
  story("finish-done", FinishSheet, { sheet: s.done }),
  story("fix-reading", FixSheet, { sheet: s.sheet, item: "r1" }),
  story("fix-gone", FixSheet, { sheet: s.sheet, item: "nothing" }),
  story("explain", ExplainSheet, { sheet: s.conflicted, conflict: s.pipeDiameter }),
  story("photos", PhotosSheet, { sheet: s.sheet }),
  story("photos-none", PhotosSheet, { sheet: s.toBegin }),
  story("sign", SignSheet, { sheet: s.sheet }),
  story("history", HistorySheet, { sheet: s.sheet }),
];

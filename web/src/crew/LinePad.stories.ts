// Stories of the number pad: every verdict.
import { chlorine, sheet } from "../stories/samples";
import { story } from "../stories/story";
import LinePad from "./LinePad.svelte";

const judged = { ok: true, flag: null, problem: null, slip: null } as const;
const pad = (name: string, text: string, verdict: Parameters<typeof LinePad>[1]["sample"]) => story(name, LinePad, { sheet, line: chlorine, ...(verdict ? { sample: { ...verdict, text } } : {}) });

export const stories = [
  pad("pad-empty", "", { text: "", judged: null }),
  pad("pad-in", "0.80", { text: "", judged }),
  pad("pad-above", "1.80", { text: "", judged: { ...judged, flag: "above_norm" } }),
  pad("pad-below", "0.10", { text: "", judged: { ...judged, flag: "below_norm" } }),
  pad("pad-slip", "80", { text: "", judged: { ...judged, flag: "above_norm", slip: "0.80" } }),
  pad("pad-impossible", "800", { text: "", judged: { ...judged, ok: false, problem: { es: "Más de 500 mg/L no puede ser", en: "More than 500 mg/L cannot be" } } }),
];

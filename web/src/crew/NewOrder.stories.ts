// Stories of a new order: three taps.
import { choices, row, unsent } from "../stories/samples";
import { story } from "../stories/story";
import NewOrder from "./NewOrder.svelte";

const begin = { choices, standing: unsent, kind: "", place: "", query: "", same: [] };

export const stories = [
  story("new-work", NewOrder, begin),
  story("new-place", NewOrder, { ...begin, kind: "chlorination" }),
  story("new-place-found", NewOrder, { ...begin, kind: "chlorination", query: "ocota" }),
  story("new-begin", NewOrder, { ...begin, kind: "chlorination", place: "pueblo-nuevo" }),
  story("new-same", NewOrder, { ...begin, kind: "chlorination", place: "pueblo-nuevo", same: [row({})] }),
];

// Stories of today's list.
import { calm, many, today } from "../stories/samples";
import { story } from "../stories/story";
import Today from "./Today.svelte";

export const stories = [
  story("today", Today, { today, query: "", filter: "" }),
  story("today-found", Today, { today: { ...today, groups: [{ key: "found", rows: today.groups[3]?.rows ?? [] }] }, query: "huaix", filter: "" }),
  story("today-none-found", Today, { today: { ...today, groups: [] }, query: "zzz", filter: "" }),
  story("today-none", Today, { today: { ...today, groups: [], state: { ...calm, heard_at_ms: null } }, query: "", filter: "" }),
  story("today-many", Today, { today: many, query: "", filter: "" }),
];

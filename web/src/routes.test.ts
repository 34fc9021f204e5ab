// Tests of the addresses.
import { expect, test } from "vitest";
import { format, invitationIn, parse, type Route } from "./routes";

const ROUTES: Route[] = [
  { at: "today", query: "", filter: "" },
  { at: "today", query: "huaix", filter: "place:Ocota de la Sierra" },
  { at: "order", folio: "MZQ-26-A4-0007" },
  { at: "line", folio: "MZQ-26-A4-0007", line: "measure:free_chlorine" },
  { at: "step", folio: "MZQ-26-A4-0007", step: "pause" },
  { at: "fix", folio: "MZQ-26-A4-0007", item: "22@e1f03f9f531270b5c15930512ae98aa4" },
  { at: "explain", folio: "MZQ-26-A4-0007", field: "diameter" },
  { at: "note", folio: "MZQ-26-A4-0007" },
  { at: "photos", folio: "MZQ-26-A4-0007" },
  { at: "finish", folio: "MZQ-26-A4-0007" },
  { at: "new", kind: "", place: "", query: "" },
  { at: "new", kind: "chlorination", place: "", query: "ocota" },
  { at: "new", kind: "chlorination", place: "ocota-de-la-sierra", query: "" },
  { at: "sends" },
  { at: "review" },
];

test.each(ROUTES)("an address leads back to its screen: $at", (route) => {
  expect(parse(format(route))).toEqual(route);
});

test("what is no address of ours is today's list", () => {
  for (const hash of ["", "#", "#/", "#/nowhere", "#/o/", "#enrol", "#/o/%E0%A4%A"]) {
    expect(parse(hash).at).toBe("today");
  }
  expect(parse("#/o/MZQ-26-A4-0007/unknown")).toEqual({ at: "order", folio: "MZQ-26-A4-0007" });
});

test("an invitation is read from the fragment", () => {
  expect(invitationIn("#enrol=Rz6UG7jK")).toBe("Rz6UG7jK");
  expect(invitationIn("#enrol=")).toBeNull();
  expect(invitationIn("#/sends")).toBeNull();
});

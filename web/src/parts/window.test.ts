// Tests of the window of a long list.
import { expect, test } from "vitest";
import { spanOf } from "./window";

const EVEN = Array.from({ length: 10_000 }, () => 80);

test("only what is in view is drawn, and the rest keeps its room", () => {
  const span = spanOf(EVEN, 8_000, 8_800, 5);
  expect(span.first).toBe(94);
  expect(span.end).toBe(115);
  expect(span.before).toBe(94 * 80);
  expect(span.before + (span.end - span.first) * 80 + span.after).toBe(10_000 * 80);
});

test("it stops at both ends", () => {
  expect(spanOf(EVEN, -500, 400, 5)).toMatchObject({ first: 0, before: 0 });
  expect(spanOf(EVEN, 799_900, 801_000, 5)).toMatchObject({ end: 10_000, after: 0 });
  expect(spanOf([], 0, 100, 5)).toEqual({ first: 0, end: 0, before: 0, after: 0 });
});

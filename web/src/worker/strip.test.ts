// Tests of what is taken out of a JPEG.
import { expect, test } from "vitest";
import { strip } from "./strip";

const segment = (marker: number, ...bytes: number[]): number[] => [0xff, marker, 0, bytes.length + 2, ...bytes];
const jpeg = (...parts: number[][]): Uint8Array<ArrayBuffer> => new Uint8Array([0xff, 0xd8, ...parts.flat()]);
const SCAN = [...segment(0xda, 1, 2), 0x12, 0xff, 0x00, 0x34, 0xff, 0xd9];

test("profile, place and comments go; tables, frame and scan stay", () => {
  const head = segment(0xe0, 74, 70, 73, 70);
  const table = segment(0xdb, 9, 9);
  const whole = jpeg(head, segment(0xe1, 69, 120), segment(0xe2, 73), table, segment(0xfe, 1), SCAN);
  expect([...strip(whole)]).toEqual([...jpeg(head, table, SCAN)]);
});

test("a picture without any of that, and what is no JPEG, stay as they are", () => {
  const plain = jpeg(segment(0xdb, 1), SCAN);
  expect([...strip(plain)]).toEqual([...plain]);
  const png = new Uint8Array([0x89, 0x50, 0x4e, 0x47]);
  expect(strip(png)).toBe(png);
});

// Tests of the number pad.
import { expect, test } from "vitest";
import { clean, keyOf, press, written, type PadKey, type PadRules } from "./pad";

const CHLORINE: PadRules = { scale: 2, isSigned: false };
const type = (keys: string, rules = CHLORINE): string =>
  [...keys].reduce((text, key) => press(text, (key === "<" ? "erase" : key) as PadKey, rules), "");

test("it writes what is pressed", () => {
  expect(type("0.80")).toBe("0.80");
  expect(type("80")).toBe("80");
  expect(type(".8")).toBe("0.8");
});

test("it takes no second point, no digit beyond the scale, and no zero in front", () => {
  expect(type("1.2.3")).toBe("1.23");
  expect(type("1.234")).toBe("1.23");
  expect(type("007")).toBe("7");
  expect(type("12.5", { scale: 0, isSigned: false })).toBe("125");
  expect(type("1234567890")).toBe("123456789");
});

test("it erases, and changes the sign where there may be one", () => {
  expect(type("0.8<<")).toBe("0");
  expect(type("5-", { scale: 1, isSigned: true })).toBe("-5");
  expect(type("5-")).toBe("5");
});

test("a comma from a keyboard or the clipboard is a point", () => {
  expect(clean("0,80", CHLORINE)).toBe("0.80");
  expect(clean(".8", CHLORINE)).toBe("0.8");
  expect(clean(" 1.5 ", CHLORINE)).toBe("1.5");
  expect(clean("uno", CHLORINE)).toBeNull();
  expect(clean("1.234", CHLORINE)).toBeNull();
  expect(keyOf(",")).toBe(".");
  expect(keyOf("a")).toBeNull();
});

test("what is saved has no point at its end", () => {
  expect(written("12.")).toBe("12");
  expect(written("-")).toBe("");
  expect(written("")).toBe("");
});

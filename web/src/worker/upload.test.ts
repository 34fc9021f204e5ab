// Tests of the way of a photo: the same cases as the core's driver of uploads.
import { expect, test } from "vitest";
import { Way } from "./upload";

const came = (offset: number | null) => ({ kind: "came", offset }) as const;
const refused = (code: string) => ({ kind: "refused", code, isOwnTrouble: false }) as const;
const CUT = { kind: "cut" } as const;

test("it goes on at the byte where the office is", () => {
  const way = new Way(250);
  expect(way.next).toEqual({ step: "create" });
  way.take(came(0));
  expect(way.next).toEqual({ step: "piece", from: 0 });
  way.take(CUT);
  expect(way.next).toEqual({ step: "create" });
  way.take(came(37));
  expect(way.next).toEqual({ step: "piece", from: 37 });
  way.take(came(250));
  expect(way.next).toEqual({ step: "done", brought: { kind: "whole" } });
});

test("breaks without progress and refusals end it", () => {
  const way = new Way(9);
  for (let at = 0; at < 6; at += 1) way.take(CUT);
  expect(way.next).toEqual({ step: "done", brought: { kind: "later" } });
  const other = new Way(9);
  expect(other.take(refused("checksum"))).toBeNull();
  expect(other.take(refused("checksum"))).toEqual({ kind: "refused", code: "checksum" });
  expect(new Way(9).take(refused("no_room"))).toEqual({ kind: "later" });
  expect(new Way(9).take(refused("bringing"))).toBeNull();
  expect(new Way(9).take(refused("erased"))).toEqual({ kind: "refused", code: "erased" });
});

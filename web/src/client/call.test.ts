// Tests of the door to the worker.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Calls } from "./call";
import type { Request } from "./protocol";

let sent: Request[] = [];
const calls = (): Calls => new Calls({ postMessage: (message) => { sent.push(message); } });

beforeEach(() => { sent = []; vi.useFakeTimers(); });
afterEach(() => { vi.useRealTimers(); });

test("each answer goes to the call that asked", async () => {
  const door = calls();
  const first = door.call("status", {});
  const second = door.call("order_note", { folio: "MZQ-26-A4-0007", text: "hola" });
  door.take({ id: sent[1]!.id, result: { ok: true, value: { folio: "MZQ-26-A4-0007" } } });
  door.take({ id: sent[0]!.id, result: { ok: false, fault: { code: "not_enrolled", message: "", hint: "" } } });
  expect(await second).toEqual({ ok: true, value: { folio: "MZQ-26-A4-0007" } });
  expect(await first).toMatchObject({ ok: false, fault: { code: "not_enrolled" } });
});

test("a read that is not answered was slow; a write that is not answered is not known", async () => {
  const door = calls();
  const read = door.call("status", {});
  const write = door.call("order_note", { folio: "x", text: "y" });
  await vi.advanceTimersByTimeAsync(10_000);
  expect(await read).toMatchObject({ ok: false, fault: { code: "slow" } });
  expect(await write).toMatchObject({ ok: false, fault: { code: "not_known" } });
});

test("when the worker dies no call hangs, and later ones fail at once", async () => {
  const door = calls();
  const write = door.call("order_note", { folio: "x", text: "y" });
  door.die();
  expect(await write).toMatchObject({ fault: { code: "not_known" } });
  expect(await door.call("status", {})).toMatchObject({ fault: { code: "worker_dead" } });
});

test("an answer that comes late, or twice, is no answer to another call", async () => {
  const door = calls();
  const read = door.call("status", {});
  await vi.advanceTimersByTimeAsync(10_000);
  await read;
  door.take({ id: sent[0]!.id, result: { ok: true, value: {} } });
  const next = door.call("sends", {});
  door.take({ id: sent[0]!.id, result: { ok: true, value: {} } });
  door.take({ id: sent[1]!.id, result: { ok: false, fault: { code: "x", message: "", hint: "" } } });
  expect(await next).toMatchObject({ ok: false });
});

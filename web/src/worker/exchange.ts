// Exchange: does what the core's driver says until it has ended: keys, signatures, requests, waits. It decides nothing.
import type { Exchanged, Fault, Trouble } from "../client/protocol";
import type { Core, Module, Step } from "./core";
import { ORDINARY, post, QUICK, type Patience, type Posted } from "./http";
import { publicKey, sign } from "./keys";
import { read, write } from "./database";
import { bring, type BlobTicket } from "./upload";

type Goal = { goal: "sync"; photos: boolean; is_persistent: boolean } | { goal: "preview" | "enrol"; link?: string; code?: string; url?: string; name?: string; office?: string };
type Told = { end: string; outcome: Record<string, unknown>; trouble: Trouble | null; fault: Fault | null };
type Seen = { trouble: Trouble | null; fault: Fault | null; ticket: string | null };

/** Photos brought before the office is asked again what it has. */
const BROUGHT_AT_ONCE = 8;
const REFUSED_MAX = 8;
const WAIT_MS_MAX = 120_000;
const TICKET = "ticket";

export type Means = {
  core: Core;
  module: Module;
  /** Says that lines may have been written; returns when they are safe. */
  settle: () => Promise<void>;
  progress: (outcome: { pushed: number; pulled: number }) => void;
};

const PATH = /^\/v1\/(sync|enrol|preview)$/;

/** Drives one exchange to its end. */
export async function drive(means: Means, goal: Goal, patience: Patience): Promise<Told> {
  const { core } = means;
  const seen: Seen = { trouble: null, fault: null, ticket: await lastTicket() };
  let step = core.begin(JSON.stringify(goal));
  for (;;) {
    await means.settle();
    const next = step;
    switch (next.do) {
      case "done": {
        const isAnswered = ["finished", "too_long", "previewed", "enrolled"].includes(next.end);
        return { end: next.end, outcome: objectOf(next.outcome), trouble: isAnswered ? null : seen.trouble, fault: isAnswered ? null : seen.fault };
      }
      case "key": step = core.step('{"event":"key"}', await publicKey(means.module, next.key)); break;
      case "sign": step = core.step('{"event":"signed"}', await sign(means.module, next.key, next.bytes)); break;
      case "wait": await sleep(Math.min(next.ms, WAIT_MS_MAX)); step = core.step('{"event":"woke"}'); break;
      case "post": step = await say(core, next, seen, patience); break;
    }
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((wake) => setTimeout(wake, ms));
}

/** Posts to our own origin, whatever address the core remembers: the page's rules allow no other. */
async function say(core: Core, next: Extract<Step, { do: "post" }>, seen: Seen, patience: Patience): Promise<Step> {
  if (!PATH.test(next.path)) return tell(core, { kind: "failed", trouble: "foreign", retryMs: null });
  const posted = await post(next.path, next.bytes, next.ticket ?? seen.ticket, patience);
  note(seen, posted);
  return tell(core, posted);
}

async function lastTicket(): Promise<string | null> {
  return (await read<string>("facts", TICKET)) ?? null;
}

function note(seen: { trouble: Trouble | null; fault: Fault | null }, posted: Posted): void {
  seen.trouble = posted.kind === "failed" ? posted.trouble : posted.kind === "refused" ? "refused" : null;
  seen.fault = posted.kind === "refused" ? posted.fault : null;
}

/** Returns what came of a request, in the core's words. */
export function eventOf(posted: Exclude<Posted, { kind: "reply" }>): object {
  if (posted.kind === "refused") {
    if (posted.code === "too_large") return { event: "too_large" };
    return { event: "refused", code: posted.code, ...(posted.lastAttempt === null ? {} : { last_attempt: posted.lastAttempt }) };
  }
  switch (posted.trouble) {
    case "busy": return { event: "busy", ...(posted.retryMs === null ? {} : { retry_after_s: Math.ceil(posted.retryMs / 1000) }) };
    case "foreign": return { event: "foreign" };
    // Nobody knows whether a message arrived that was answered by silence: the core asks again with it.
    case "cut": case "silent": return { event: "cut" };
    case "unreachable": case "no_signal": case "refused": return { event: "unreachable" };
  }
}

function tell(core: Core, posted: Posted): Step {
  if (posted.kind !== "reply") return core.step(JSON.stringify(eventOf(posted)));
  const told = { event: "reply", bytes_up: posted.bytesUp, bytes_down: posted.bytesDown };
  return core.step(JSON.stringify(told), posted.frame);
}

function objectOf(outcome: unknown): Record<string, unknown> {
  const parsed: unknown = typeof outcome === "string" ? JSON.parse(outcome) : outcome;
  return typeof parsed === "object" && parsed !== null ? (parsed as Record<string, unknown>) : {};
}

function ticketsOf(outcome: Record<string, unknown>): BlobTicket[] {
  const blobs = outcome["blobs"];
  return Array.isArray(blobs) ? (blobs as BlobTicket[]).filter((one) => one.brings) : [];
}

/** Exchanges until neither side has more, and brings photos after what was written. */
export async function sync(means: Means, photos: boolean, isQuick: boolean): Promise<Exchanged> {
  const all: Exchanged = { end: "", trouble: null, fault: null, photos_sent: 0, photos_refused: [], at_ms: 0 };
  for (;;) {
    const isPersistent = await navigator.storage.persisted();
    const told = await drive(means, { goal: "sync", photos, is_persistent: isPersistent }, isQuick ? QUICK : ORDINARY);
    if (typeof told.outcome["ticket"] === "string") await write("facts", [[TICKET, told.outcome["ticket"]]]);
    Object.assign(all, { end: told.end, trouble: told.trouble, fault: told.fault, at_ms: Date.now() });
    means.progress({ pushed: Number(told.outcome["pushed"] ?? 0), pulled: Number(told.outcome["pulled"] ?? 0) });
    const before = all.photos_sent;
    if (told.end === "finished") await bringAll(means.core, ticketsOf(told.outcome), all);
    if (told.end === "too_long") continue;
    if (all.photos_sent === before || all.photos_refused.length > REFUSED_MAX) return all;
  }
}

async function bringAll(core: Core, tickets: readonly BlobTicket[], all: Exchanged): Promise<void> {
  let brought = 0;
  for (const ticket of tickets) {
    const bytes = core.photo(ticket.sha256);
    if (!bytes) continue;
    const came = await bring(ticket, bytes);
    if (came.kind === "later") return;
    if (came.kind === "refused") all.photos_refused.push(`${ticket.sha256}: ${came.code}`);
    else all.photos_sent += 1;
    brought += 1;
    if (brought >= BROUGHT_AT_ONCE) return;
  }
}

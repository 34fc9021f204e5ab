// Exchange: does what the core's driver says until it has ended: keys, signatures, requests, waits. It decides nothing.
import type { Exchanged, Fault, Trouble } from "../client/protocol";
import type { Core, CoreClass, Step } from "./core";
import { ORDINARY, post, QUICK, type Patience, type Posted } from "./http";
import { publicKey, sign } from "./keys";
import { bring, type BlobTicket } from "./upload";

type Goal = { goal: "sync" } | { goal: "preview" | "enrol"; link?: string; code?: string; url?: string; name?: string };
type Told = { end: string; outcome: Record<string, unknown>; trouble: Trouble | null; fault: Fault | null };
type Post = Extract<Step, { do: "post" }>;

/** Photos brought before the office is asked again what it has. */
const BROUGHT_AT_ONCE = 8;
const REFUSED_MAX = 8;
const WAIT_MS_MAX = 120_000;

export type Means = {
  core: Core;
  class: CoreClass;
  /** Says that lines may have been written; returns when they are safe. */
  settle: () => Promise<void>;
  progress: (outcome: { pushed: number; pulled: number }) => void;
};

const ROUTES = { sync: "/v1/sync", enrol: "/v1/enrol", preview: "/v1/preview" } as const;

/** Drives one exchange to its end. */
export async function drive(means: Means, goal: Goal, photos: boolean, patience: Patience): Promise<Told> {
  const { core } = means;
  const seen: { trouble: Trouble | null; fault: Fault | null; ticket: string | null } = { trouble: null, fault: null, ticket: null };
  let step = core.begin(JSON.stringify(goal), photos);
  for (;;) {
    await means.settle();
    if (step.do === "done") {
      const outcome = objectOf(step.outcome);
      return { end: step.end, outcome, trouble: step.end === "finished" ? null : seen.trouble, fault: seen.fault };
    }
    if (step.do === "key") step = core.step('{"key":true}', await publicKey(means.class, step.name));
    else if (step.do === "sign") step = core.step('{"signed":true}', await sign(means.class, step.key, step.bytes));
    else if (step.do === "wait") {
      const ms = Math.min(step.ms, WAIT_MS_MAX);
      await new Promise((wake) => setTimeout(wake, ms));
      step = core.step('{"woke":true}');
    } else {
      const posted = await post(ROUTES[step.route], step.frame, ticketOf(step), patience);
      note(seen, posted);
      step = tell(core, posted);
    }
  }
}

function ticketOf(step: Post): string | null {
  return step.ticket ?? null;
}

function note(seen: { trouble: Trouble | null; fault: Fault | null }, posted: Posted): void {
  seen.trouble = posted.kind === "failed" ? posted.trouble : posted.kind === "refused" ? "refused" : null;
  seen.fault = posted.kind === "refused" ? posted.fault : null;
}

/** Tells the core what came of its request, in its words. */
export function eventOf(posted: Posted): string {
  if (posted.kind === "reply") return JSON.stringify({ reply: true, bytes_up: posted.bytesUp, bytes_down: posted.bytesDown });
  if (posted.kind === "refused") {
    const more = posted.lastAttempt === null ? {} : { last_attempt: posted.lastAttempt };
    return JSON.stringify({ refused: posted.code, ...more, ...(posted.retryMs === null ? {} : { retry_after_ms: posted.retryMs }) });
  }
  if (posted.trouble === "busy") return JSON.stringify({ busy: true, ...(posted.retryMs === null ? {} : { retry_after_ms: posted.retryMs }) });
  if (posted.trouble === "foreign") return '{"foreign":true}';
  // Nobody knows whether a message arrived that was answered by silence: the core asks again with it.
  if (posted.trouble === "cut" || posted.trouble === "silent") return '{"cut":true}';
  return '{"unreachable":true}';
}

function tell(core: Core, posted: Posted): Step {
  return posted.kind === "reply" ? core.step(eventOf(posted), posted.frame) : core.step(eventOf(posted));
}

function objectOf(outcome: unknown): Record<string, unknown> {
  const parsed: unknown = typeof outcome === "string" ? JSON.parse(outcome) : outcome;
  return typeof parsed === "object" && parsed !== null ? (parsed as Record<string, unknown>) : {};
}

function ticketsOf(outcome: Record<string, unknown>): BlobTicket[] {
  const blobs = outcome["blobs"];
  return Array.isArray(blobs) ? (blobs as BlobTicket[]).filter((one) => one.use === "bring") : [];
}

/** Exchanges until neither side has more, and brings photos after what was written. */
export async function sync(means: Means, photos: boolean, isQuick: boolean): Promise<Exchanged> {
  const all: Exchanged = { end: "", trouble: null, fault: null, photos_sent: 0, photos_refused: [], at_ms: 0 };
  for (;;) {
    const told = await drive(means, { goal: "sync" }, photos, isQuick ? QUICK : ORDINARY);
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

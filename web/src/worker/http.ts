// Http: one bounded exchange of bytes with the office. It trusts nothing that answers: the core decides what is genuine.
import type { Fault, Trouble } from "../client/protocol";

const CONTENT_TYPE = "application/vnd.cuadrilla.v1";
const MESSAGE_BYTES_MAX = 8 * 1024 * 1024;

export type Patience = { headMs: number; wholeMs: number };
export const ORDINARY: Patience = { headMs: 40_000, wholeMs: 120_000 };
export const QUICK: Patience = { headMs: 6_000, wholeMs: 20_000 };

/** What came of one request. `event` is what the core is told; `trouble` is for the person's sentence. */
export type Posted =
  | { kind: "reply"; frame: Uint8Array; bytesUp: number; bytesDown: number }
  | { kind: "refused"; status: number; code: string; fault: Fault; lastAttempt: number | null; retryMs: number | null }
  | { kind: "failed"; trouble: Trouble; retryMs: number | null };

export type Fetched = { response: Response; done: () => void } | { trouble: Trouble };

/** Fetches with a limit for the head and one for everything. Redirects are not followed: no office of ours redirects. */
export async function bounded(path: string, init: RequestInit, patience: Patience): Promise<Fetched> {
  const abort = new AbortController();
  let hasHead = false;
  const head = setTimeout(() => { if (!hasHead) abort.abort(); }, patience.headMs);
  const whole = setTimeout(() => abort.abort(), patience.wholeMs);
  const done = (): void => { clearTimeout(head); clearTimeout(whole); };
  try {
    const fixed: RequestInit = { cache: "no-store", credentials: "omit", redirect: "manual", referrerPolicy: "no-referrer" };
    const response = await fetch(path, { ...init, ...fixed, signal: abort.signal });
    hasHead = true;
    return { response, done };
  } catch {
    done();
    if (abort.signal.aborted) return { trouble: "silent" };
    return { trouble: navigator.onLine ? "unreachable" : "no_signal" };
  }
}

async function squeeze(frame: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([frame]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Sends one message and reads the reply whole. */
export async function post(path: string, frame: Uint8Array<ArrayBuffer>, ticket: string | null, patience: Patience): Promise<Posted> {
  const body = await squeeze(frame);
  const headers: Record<string, string> = { "Content-Type": CONTENT_TYPE, "Content-Encoding": "gzip", Accept: CONTENT_TYPE };
  if (ticket) headers["Cuadrilla-Ticket"] = ticket;
  const got = await bounded(path, { method: "POST", headers, body }, patience);
  if ("trouble" in got) return { kind: "failed", trouble: got.trouble, retryMs: null };
  const { response, done } = got;
  try {
    if (response.status !== 200 || kindOf(response) !== CONTENT_TYPE) return await refusalOf(response);
    const bytes = new Uint8Array(await response.arrayBuffer());
    if (bytes.length > MESSAGE_BYTES_MAX) return { kind: "failed", trouble: "foreign", retryMs: null };
    const told = Number(response.headers.get("Content-Length") ?? bytes.length);
    return { kind: "reply", frame: bytes, bytesUp: body.length, bytesDown: Number.isNaN(told) ? bytes.length : told };
  } catch {
    return { kind: "failed", trouble: "cut", retryMs: null };
  } finally {
    done();
  }
}

function kindOf(response: Response): string {
  return (response.headers.get("Content-Type") ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
}

type Told = { error?: { code?: unknown; message?: unknown; hint?: unknown; last_attempt?: unknown } };

/** Tells the office's refusal from a portal's page, a proxy's page, and silence of what stands behind a proxy. */
export async function refusalOf(response: Response): Promise<Posted> {
  const status = response.status;
  const isProxy = status >= 500 && status !== 511;
  const other: Posted = { kind: "failed", trouble: isProxy ? "silent" : "foreign", retryMs: null };
  if (response.type === "opaqueredirect" || kindOf(response) !== "application/json" || status < 400) return other;
  let told: Told;
  try {
    told = JSON.parse(await response.text()) as Told;
  } catch {
    return other;
  }
  const error = told.error;
  if (typeof error?.code !== "string") return other;
  const seconds = Number(response.headers.get("Retry-After") ?? Number.NaN);
  const retryMs = Number.isNaN(seconds) ? null : seconds * 1000;
  if ((status === 429 || status === 503) && retryMs !== null) return { kind: "failed", trouble: "busy", retryMs };
  if (status === 408) return { kind: "failed", trouble: "cut", retryMs: null };
  const fault = { code: error.code, message: textOf(error.message), hint: textOf(error.hint) };
  const lastAttempt = typeof error.last_attempt === "number" ? error.last_attempt : null;
  return { kind: "refused", status, code: error.code, fault, lastAttempt, retryMs };
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

// Upload: brings one photo to the office by tus, in pieces. A link that breaks costs what it broke in.
import { bounded, ORDINARY, refusalOf } from "./http";

const PIECE_BYTES = 256 * 1024;
const BREAKS_MAX = 6;
const PASSING = new Set(["device_busy", "cut_off", "too_slow", "bringing"]);
const NO_STORE = new Set(["no_room", "disk_full", "store"]);

export type BlobTicket = { sha256: string; brings: boolean; ticket: string };
export type Brought = { kind: "whole" } | { kind: "refused"; code: string } | { kind: "later" };
type Came = { kind: "came"; offset: number | null } | { kind: "refused"; code: string; isOwnTrouble: boolean } | { kind: "cut" };
type Send = (step: "create" | "look" | "piece", from: number) => Promise<Came>;

/** Says what to send next, as the core's own driver of uploads does. */
export class Way {
  #offset: number | null = null;
  #furthest = -1;
  #breaks = 0;
  #hasBegunAgain = false;
  readonly #bytes: number;

  constructor(bytes: number) {
    this.#bytes = bytes;
  }

  get next(): { step: "create" } | { step: "piece"; from: number } | { step: "done"; brought: Brought } {
    if (this.#offset === this.#bytes) return { step: "done", brought: { kind: "whole" } };
    if (this.#breaks >= BREAKS_MAX) return { step: "done", brought: { kind: "later" } };
    return this.#offset === null ? { step: "create" } : { step: "piece", from: Math.min(this.#offset, this.#bytes) };
  }

  /** Takes what came. Returns how it ended, if it did. */
  take(came: Came): Brought | null {
    if (came.kind === "came") {
      const now = came.offset ?? -1;
      this.#breaks = now > this.#furthest ? 0 : this.#breaks + 1;
      this.#offset = came.offset;
      this.#furthest = Math.max(this.#furthest, now);
      return null;
    }
    if (came.kind === "refused") {
      if (came.code === "checksum" && !this.#hasBegunAgain) {
        [this.#offset, this.#furthest, this.#hasBegunAgain] = [null, -1, true];
        return null;
      }
      if (NO_STORE.has(came.code)) return { kind: "later" };
      if (!came.isOwnTrouble && !PASSING.has(came.code)) return { kind: "refused", code: came.code };
    }
    [this.#offset, this.#breaks] = [null, this.#breaks + 1];
    return null;
  }
}

/** Brings the bytes that `ticket` is for. */
export async function bring(ticket: BlobTicket, bytes: Uint8Array<ArrayBuffer>): Promise<Brought> {
  const way = new Way(bytes.length);
  const send = sender(ticket, bytes);
  for (;;) {
    const next = way.next;
    if (next.step === "done") return next.brought;
    let came = await send(next.step, next.step === "piece" ? next.from : 0);
    // The piece did not begin where the office is: ask where that is.
    if (next.step === "piece" && came.kind === "came" && came.offset === null) came = await send("look", 0);
    const ended = way.take(came);
    if (ended) return ended;
  }
}

function sender(ticket: BlobTicket, bytes: Uint8Array<ArrayBuffer>): Send {
  const common = { "Tus-Resumable": "1.0.0", "Cuadrilla-Blob-Ticket": ticket.ticket };
  const path = `/v1/blobs/${ticket.sha256}`;
  return (step, from) => {
    if (step === "look") return ask(path, { method: "HEAD", headers: common });
    if (step === "create") {
      const metadata = `sha256 ${btoa(ticket.sha256)}`;
      return ask("/v1/blobs", { method: "POST", headers: { ...common, "Upload-Length": String(bytes.length), "Upload-Metadata": metadata } });
    }
    const headers = { ...common, "Upload-Offset": String(from), "Content-Type": "application/offset+octet-stream" };
    return ask(path, { method: "PATCH", headers, body: bytes.slice(from, from + PIECE_BYTES) });
  };
}

async function ask(path: string, init: RequestInit): Promise<Came> {
  const got = await bounded(path, init, ORDINARY);
  if ("trouble" in got) return { kind: "cut" };
  const { response, done } = got;
  try {
    if (response.status === 409 || response.status === 423) return { kind: "came", offset: null };
    // Only the office speaks of an offset: a page that answers 200 does not.
    const told = response.headers.get("Upload-Offset");
    if (response.ok && told !== null && /^\d+$/.test(told)) return { kind: "came", offset: Number(told) };
    const refused = await refusalOf(response);
    if (refused.kind === "refused") return { kind: "refused", code: refused.code, isOwnTrouble: refused.status >= 500 };
    return { kind: "cut" };
  } finally {
    done();
  }
}

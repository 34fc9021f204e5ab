// Fault: turns what was thrown into a value for a person.
import type { Fault } from "../client/protocol";

/** Thrown inside the worker with a code for which the page has words. */
export class Refusal extends Error {
  readonly code: string;
  constructor(code: string, detail = "") {
    super(detail);
    this.code = code;
  }
}

function isFault(value: unknown): value is Fault {
  return typeof value === "object" && value !== null && "code" in value && "message" in value;
}

/** Returns the fault in what was thrown: the core throws JSON, we throw a refusal, and a browser throws anything. */
export function faultOf(thrown: unknown): Fault {
  if (typeof thrown === "string") {
    try {
      const parsed: unknown = JSON.parse(thrown);
      if (isFault(parsed)) return { code: parsed.code, message: parsed.message, hint: parsed.hint ?? "" };
    } catch {
      return { code: "internal", message: "", hint: thrown };
    }
  }
  if (thrown instanceof Refusal) return { code: thrown.code, message: "", hint: thrown.message };
  if (thrown instanceof DOMException && thrown.name === "QuotaExceededError") return { code: "disk_full", message: "", hint: "" };
  // A panic of the core: its memory is not to be trusted any more.
  if (thrown instanceof WebAssembly.RuntimeError) return { code: "panic", message: "", hint: thrown.message };
  return { code: "internal", message: "", hint: thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown) };
}

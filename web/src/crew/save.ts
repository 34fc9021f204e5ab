// Save: which command writes a line of an order, and how it is taken back.
import type { Result, Written } from "../client/protocol";
import type { session as Session } from "../client/session.svelte";
import type { Line, Sheet } from "../client/views";
import { plain } from "../words/words.svelte";

type Writer = typeof Session;

function keyOf(line: Line): string {
  return line.id.slice(line.id.indexOf(":") + 1);
}

/** Returns the way to void what was just written, if the core named it. */
export function voidLater(session: Writer, folio: string): (made: Written) => (() => void) | null {
  return ({ item }) => {
    if (item === undefined) return null;
    return () => void session.act("order_correct", { folio, item, reason: plain("undo-reason") }, "said-undone");
  };
}

/** Writes the value of a line: a measurement is added, a field is set. */
export function saveLine(session: Writer, sheet: Sheet, line: Line, value: string, where = ""): Promise<Result<Written>> {
  const { folio } = sheet;
  if (line.type === "measure") {
    const place = where === "" ? {} : { where };
    const args = { folio, what: keyOf(line), value, unit: line.unit ?? "", ...place };
    return session.act("order_measure", args, "said-saved", voidLater(session, folio));
  }
  const before = line.value;
  const field = keyOf(line);
  const undo = (): (() => void) | null =>
    before === null ? null : () => void session.act("order_set", { folio, field, value: before }, "said-undone");
  return session.act("order_set", { folio, field, value }, "said-saved", undo);
}

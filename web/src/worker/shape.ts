// Shape: commands as the core names them, and its answers with what the screens need beside. Nothing is judged here.
import type { Label } from "../words/label";
import type {
  Check, Choices, Judged, Line, Material, Note, Photo, Reading, Row, Sends, Sheet, StateLine, Step, Today,
} from "../client/views";
import type { CoreCommands } from "./commands";
import type { Core } from "./core";
import { glyphOf } from "./glyphs";

type Maybe<T, K extends keyof T> = Omit<T, K> & Partial<Pick<T, K>>;
type RawState = Maybe<StateLine, "mood" | "tick">;
type RawRow = Maybe<Row, "glyph" | "unsent" | "about">;
type RawToday = Omit<Today, "groups" | "state"> & { groups: { key: Today["groups"][number]["key"]; rows: RawRow[] }[]; state: RawState };
type RawItem = {
  id: string; what?: string; value?: string; unit?: string; where?: string | null; flag?: unknown; text?: string; sku?: string; qty?: string;
  person: string; claimed_at: string; voided?: object; list?: string; sha256?: string; thumb_sha256?: string; caption?: string; at_office?: boolean; erased?: object | null;
};
type RawLine = Omit<Line, "readings" | "tick" | "shown"> & { readings: RawItem[]; shown: Label | null };
type RawSheet = Omit<Sheet, "row" | "state" | "lines" | "steps" | "checklist" | "notes" | "materials" | "photos"> & {
  row: RawRow; state: RawState; lines: RawLine[]; steps: Maybe<Step, "off_because">[]; checklist: Maybe<Check, "tick">[];
  notes: RawItem[]; materials: RawItem[]; photos: RawItem[]; voided?: RawItem[];
};
type RawNamed = { key?: string; kind?: string; name?: string; label?: Label; unit?: string | null };
type RawChoices = { kinds: RawNamed[]; localities: RawNamed[]; materials: RawNamed[]; crew: string | null };
type BlobStatus = { here: number; to_send: number; to_send_bytes: number };

function same(text: string): Label {
  return { es: text, en: text };
}

function stateOf(raw: RawState): StateLine {
  const isDecide = raw.revoked !== null || raw.split || raw.quarantined > 0 || raw.conflicts > 0;
  const mood = isDecide ? "decide" : raw.unsent > 0 || raw.photos_unsent > 0 ? "mind" : "calm";
  return { mood, tick: raw.unsent > 0 ? "saved" : "counts", ...raw };
}

function rowOf(raw: RawRow): Row {
  return { glyph: glyphOf(raw.kind), unsent: 0, about: null, ...raw };
}

function todayOf(raw: RawToday): Today {
  return { ...raw, state: stateOf(raw.state), groups: raw.groups.map((group) => ({ ...group, rows: group.rows.map(rowOf) })) };
}

function flagOf(flag: unknown): string | null {
  if (typeof flag === "string") return flag;
  return typeof flag === "object" && flag !== null && "flag" in flag ? String(flag.flag) : null;
}

function readingOf(raw: RawItem): Reading {
  const { id, value = "", unit = "", where = null } = raw;
  return { id, value, unit, where, at: raw.claimed_at, flag: flagOf(raw.flag), tick: null, voided: raw.voided !== undefined };
}

function noteOf(raw: RawItem): Note {
  return { id: raw.id, text: raw.text ?? "", person: raw.person, at: raw.claimed_at, tick: null, voided: raw.voided !== undefined };
}

function materialOf(raw: RawItem): Material {
  const what = raw.sku ?? "";
  return { id: raw.id, what, label: same(what), quantity: raw.qty ?? "", unit: raw.unit ?? null, person: raw.person, at: raw.claimed_at, tick: null, voided: raw.voided !== undefined };
}

function photoOf(raw: RawItem): Photo {
  const { id, what = "", sha256 = "", thumb_sha256 = null, caption = null, at_office = false } = raw;
  return { id, what, sha256, thumb_sha256, caption, at_office, here: raw.erased === undefined || raw.erased === null, tick: null };
}

function lineOf(raw: RawLine, voided: readonly RawItem[]): Line {
  const key = raw.id.slice(raw.id.indexOf(":") + 1);
  const gone = raw.type === "measure" ? voided.filter((item) => item.list === "measurements" && item.what === key) : [];
  const shown = raw.shown ?? (raw.value === null ? null : same(raw.unit === null ? raw.value : `${raw.value} ${raw.unit}`));
  return { ...raw, shown, tick: null, readings: [...raw.readings, ...gone].map(readingOf) };
}

function sheetOf(raw: RawSheet): Sheet {
  const voided = raw.voided ?? [];
  const with_ = (list: string, items: readonly RawItem[]): RawItem[] => [...items, ...voided.filter((item) => item.list === list)];
  return {
    ...raw,
    row: rowOf(raw.row),
    state: stateOf(raw.state),
    steps: raw.steps.map((step) => ({ off_because: null, ...step })),
    lines: raw.lines.map((line) => lineOf(line, voided)),
    checklist: raw.checklist.map((check) => ({ tick: null, ...check })),
    notes: with_("notes", raw.notes).map(noteOf),
    materials: with_("materials", raw.materials).map(materialOf),
    photos: raw.photos.map(photoOf),
  };
}

function choicesOf(raw: RawChoices): Choices {
  const keyOf = (one: RawNamed): string => one.key ?? one.kind ?? "";
  const labelOf = (one: RawNamed): Label => one.label ?? same(one.name ?? keyOf(one));
  return {
    crew: raw.crew,
    kinds: raw.kinds.map((one) => ({ key: keyOf(one), glyph: glyphOf(keyOf(one)), label: labelOf(one), is_frequent: false })),
    localities: raw.localities.map((one) => ({ key: keyOf(one), name: one.name ?? keyOf(one), about: null, is_recent: false })),
    materials: raw.materials.map((one) => ({ key: keyOf(one), label: labelOf(one), unit: one.unit ?? null })),
  };
}

function judge(core: Core, { line, value }: { line: string; value: string }): Judged {
  const free: Judged = { ok: true, flag: null, problem: null, slip: null };
  const measure = line.startsWith("measure:") ? line.slice("measure:".length) : null;
  // A field is judged when it is written: the core says then what is wrong, and the value stays on the pad.
  if (measure === null) return free;
  return { ...free, ...(core.ask("typed", { measure, value }) as Partial<Judged>) };
}

function sends(core: Core): Sends {
  const { state } = todayOf(core.ask("today", {}) as RawToday);
  const blobs = core.ask("blob_status", {}) as BlobStatus;
  return {
    state,
    counts: { saved: state.unsent, review: state.quarantined, sent: null, counts: null, unknown: null },
    photos: { here: blobs.here, to_send: blobs.to_send, bytes: blobs.to_send_bytes },
    last_error: null,
  };
}

/** Asks the core a command of the screens. */
export function askCore(core: Core, name: keyof CoreCommands, args: object): unknown {
  switch (name) {
    case "today": return todayOf(core.ask(name, args) as RawToday);
    case "sheet": return sheetOf(core.ask(name, args) as RawSheet);
    case "choices": return choicesOf(core.ask(name, args) as RawChoices);
    case "sends": return sends(core);
    case "judge": return judge(core, args as CoreCommands["judge"]["args"]);
    case "order_material": {
      const { folio, what, quantity, unit } = args as CoreCommands["order_material"]["args"];
      return core.ask(name, { folio, sku: what, qty: quantity, unit });
    }
    case "status": case "quarantine_list": case "order_new": case "order_step": case "order_set": case "order_measure":
    case "order_note": case "order_check": case "order_correct": case "order_photo":
      return core.ask(name, args);
  }
}

// Views: the shapes that the core gives. It has judged, ordered and named what is in them.
import type { Label, TickName } from "../words/label";

export type Row = {
  folio: string; short: string; kind: string; glyph: string; title: Label; place: string | null; status: string;
  tick: TickName; about: string | null; unsent: number; conflicts: number; due: string | null; days_late: number | null; is_done: boolean; is_on: boolean;
};

export type StateLine = {
  unsent: number; photos_unsent: number; heard_at_ms: number | null; quarantined: number; conflicts: number;
  revoked: string | null; split: boolean; mood: "calm" | "mind" | "decide"; tick: TickName;
  /** The municipality's hours; without it the phone's own zone is used. */
  utc_offset_min?: number;
};

export type GroupKey = "in_progress" | "due" | "open" | "done" | "found";

export type Today = {
  date: string; crew: string | null; name: string; groups: { key: GroupKey; rows: Row[] }[];
  places: string[]; state: StateLine; total: number;
};

export type Step = { step: string; label: Label; needs_reason: boolean; is_next: boolean };

export type Reading = {
  id: string; value: string; unit: string; where: string | null; at: string; flag: string | null; tick: TickName | null; voided: boolean;
};

export type LineType = "decimal" | "integer" | "text" | "choice" | "date" | "yes_no" | "measure";

export type Line = {
  id: string; type: LineType; label: Label; unit: string | null; value: string | null; shown: Label | null; tick: TickName | null;
  is_required: boolean; is_missing: boolean; is_conflict: boolean; choices: { key: string; label: Label }[];
  norm: { min: string | null; max: string | null; text: Label } | null; limits: { min: string | null; max: string | null } | null;
  scale: number | null; readings: Reading[];
};

export type Check = { key: string; label: Label; done: boolean; is_required: boolean; tick: TickName | null };
export type Note = { id: string; text: string; person: string; at: string; tick: TickName | null; voided: boolean };
export type Material = { id: string; what: string; label: Label; quantity: string; unit: string | null; person: string; at: string; tick: TickName | null; voided: boolean };
export type Photo = { id: string; what: string; sha256: string; thumb_sha256: string | null; caption: string | null; at_office: boolean; here: boolean; is_erased: boolean; tick: TickName | null };
export type ConflictValue = { value: unknown; shown: Label; person: string; claimed_at: string; device: string };
export type Conflict = { field: string; label: Label; values: ConflictValue[] };
export type HistoryItem = { action: string; text: Label; person: string; claimed_at: string; received_at: string | null; seq: number | null };

export type Sheet = {
  row: Row; folio: string; state_label: Label; steps: Step[]; missing: { line: string; label: Label }[]; lines: Line[];
  checklist: Check[]; notes: Note[]; materials: Material[]; photos: Photo[]; conflicts: Conflict[]; history: HistoryItem[];
  state: StateLine; can_write: boolean;
};

export type Judged = { ok: boolean; flag: "above_norm" | "below_norm" | null; problem: Label | null; slip: string | null };

export type KindChoice = { key: string; glyph: string; label: Label; is_frequent: boolean };
export type PlaceChoice = { key: string; name: string; about: Label | null; is_recent: boolean };
export type MaterialChoice = { key: string; label: Label; unit: string | null };
export type Choices = { kinds: KindChoice[]; localities: PlaceChoice[]; materials: MaterialChoice[]; crew: string | null };

export type Sends = {
  state: StateLine; counts: Record<TickName, number>; photos: { here: number; to_send: number; bytes: number }; last_error: string | null;
};

export type Held = {
  id: number; folio: string | null; person: string; reason: string; detail_text: Label | null; claimed_at: string;
  received_at: string | null; text: Label; state: string;
};

export type Status = { device: string; name: string; municipality: string; role: string; records: number; unsent: number; revoked: string | null };

export type Preview = {
  municipality: string; role: string; crew: string | null; localities: string[]; office: string | null; expires_at: string | null; is_open: boolean;
};
export type Enrolled = { municipality: string; letters: string; role: string; crew: string | null };

// Samples: typed examples of what the core gives. Places and counts are invented; people are posts.
import type { Choices, Held, Line, Preview, Row, Sends, Sheet, StateLine, Today } from "../client/views";
import type { Label } from "../words/label";

const label = (es: string, en: string): Label => ({ es, en });
const HOUR = 3_600_000;

export const calm: StateLine = {
  unsent: 0, photos_unsent: 0, heard_at_ms: Date.now() - 120_000, quarantined: 0, conflicts: 0, revoked: null, split: false,
  mood: "calm", tick: "counts", utc_offset_min: -360,
};
export const unsent: StateLine = { ...calm, unsent: 6, heard_at_ms: Date.now() - 72 * HOUR, mood: "mind", tick: "saved" };
export const unknown: StateLine = { ...unsent, tick: "unknown" };
export const reviewed: StateLine = { ...unsent, quarantined: 1, mood: "decide" };
export const revoked: StateLine = { ...unsent, revoked: "se reportó perdido", mood: "decide" };
export const parted: StateLine = { ...unsent, split: true, mood: "decide" };

const base: Row = {
  folio: "MZQ-26-A4-0007", short: "A4-0007", kind: "chlorination", glyph: "chlorination", title: label("Cloración de tanque", "Tank chlorination"), about: null,
  place: "Ocota de la Sierra", status: "in_progress", tick: "saved", unsent: 4, conflicts: 0, due: null, days_late: null, is_done: false, is_on: true,
};
export function row(more: Partial<Row>): Row {
  return { ...base, is_on: false, unsent: 0, tick: "counts", status: "assigned", ...more };
}

const leak = label("Reparación de fuga", "Leak repair");
const pipe = label("Mantenimiento de la red", "Network maintenance");

export const today: Today = {
  date: "2026-11-19", crew: "C-02", name: "Teléfono 1 de C-02", total: 8, state: unsent, places: ["Ocota de la Sierra", "Pueblo Nuevo", "San Miguel Huaixtita"],
  groups: [
    { key: "in_progress", rows: [base] },
    { key: "due", rows: [row({ folio: "d1", short: "A2-0050", place: "Pueblo Nuevo", days_late: 2, due: "2026-11-17" }), row({ folio: "d2", short: "A2-0051", glyph: "inspection_round", title: label("Revisión de nacimiento", "Spring inspection"), place: "Pueblo Nuevo", due: "2026-11-19" })] },
    { key: "open", rows: [row({ folio: "o1", short: "A2-0005", glyph: "network_maintenance", title: pipe }), row({ folio: "o2", short: "A2-0041", glyph: "leak_repair", title: leak, place: "San Miguel Huaixtita", conflicts: 1 })] },
    { key: "done", rows: [row({ folio: "t1", short: "A4-0006", glyph: "leak_repair", title: leak, tick: "review", is_done: true }), row({ folio: "t2", short: "A4-0005", tick: "sent", is_done: true }), row({ folio: "t3", short: "A4-0004", glyph: "inspection_round", title: label("Revisión de depósito", "Deposit inspection"), tick: "unknown", is_done: true })] },
  ],
};

export const many: Today = {
  ...today, total: 10_000,
  groups: [{ key: "open", rows: Array.from({ length: 10_000 }, (_, at) => row({ folio: `MZQ-26-A2-${at}`, short: `A2-${at}`, glyph: "network_maintenance", title: pipe, place: `Localidad ${at}` })) }],
};

const field: Line = {
  id: "field:dose", type: "decimal", label: label("Dosis", "Dose"), unit: "mg/L", value: "1.20", shown: label("1.20 mg/L", "1.20 mg/L"), tick: "saved",
  is_required: false, is_missing: false, is_conflict: false, choices: [], norm: null, limits: { min: "0", max: "100" }, scale: 2, readings: [],
};
export function line(more: Partial<Line>): Line {
  return { ...field, ...more };
}
export const chlorine = line({
  id: "measure:free_chlorine", type: "measure", label: label("Cloro residual libre", "Free residual chlorine"), value: null, shown: null, tick: null,
  is_required: true, is_missing: true, limits: { min: "0", max: "500" },
  norm: { min: "0.2", max: "1.5", text: label("norma: 0.2 a 1.5 mg/L", "norm: 0.2 to 1.5 mg/L") },
});
const before = line({
  id: "measure:free_chlorine_before", type: "measure", label: label("Cloro residual antes", "Residual chlorine before"), value: "0.10", shown: label("0.10 mg/L", "0.10 mg/L"),
  readings: [{ id: "r1", value: "0.10", unit: "mg/L", where: "Llave del tanque", at: "2026-11-19T15:38:00Z", flag: "below_norm", tick: "saved", voided: false }],
});
export const reagent = line({
  id: "field:reagent", type: "choice", label: label("Reactivo", "Reagent"), unit: null, value: "calcium_hypochlorite", shown: label("Hipoclorito de calcio granulado", "Calcium hypochlorite, granular"),
  choices: [{ key: "sodium_hypochlorite", label: label("Hipoclorito de sodio (cloro líquido)", "Sodium hypochlorite (liquid)") }, { key: "calcium_hypochlorite", label: label("Hipoclorito de calcio granulado", "Calcium hypochlorite, granular") }, { key: "other", label: label("Otro (se explica en una nota)", "Other (explained in a note)") }],
});
export const lot = line({ id: "field:lot", type: "text", label: label("Lote del reactivo", "Reagent lot"), unit: null, value: null, shown: null, tick: null });

const start = { step: "start", label: label("Iniciar", "Start"), needs_reason: false, is_next: true };
const pause = { step: "pause", label: label("Pausar", "Pause"), needs_reason: true, is_next: false };
const finish = { step: "finish", label: label("Terminar", "Finish"), needs_reason: false, is_next: true };
export const pauseStep = pause;

export const sheet: Sheet = {
  row: base, folio: base.folio, state_label: label("En proceso", "In progress"), steps: [pause, finish],
  missing: [{ line: chlorine.id, label: chlorine.label }], lines: [before, chlorine, field, reagent, lot],
  checklist: [
    { key: "gloves", label: label("Guantes, lentes y mascarilla puestos", "Gloves, glasses and mask on"), done: true, is_required: true, tick: "saved" },
    { key: "lid", label: label("Tapa del tanque cerrada y asegurada", "Tank lid closed and secured"), done: false, is_required: false, tick: null },
  ],
  notes: [{ id: "n1", text: "La tapa del tanque no cierra", person: "C-02", at: "2026-11-19T15:50:00Z", tick: "saved", voided: false }],
  materials: [{ id: "m1", what: "calcium_hypochlorite", label: label("Hipoclorito de calcio", "Calcium hypochlorite"), quantity: "0.350", unit: "kg", person: "C-02", at: "2026-11-19T15:41:00Z", tick: "unknown", voided: false }],
  photos: [
    { id: "p1", what: "before", sha256: "00", thumb_sha256: null, caption: null, at_office: false, here: true, is_erased: false, tick: "saved" },
    { id: "p2", what: "during", sha256: "01", thumb_sha256: null, caption: "La tapa", at_office: true, here: true, is_erased: false, tick: "sent" },
  ],
  conflicts: [],
  history: [
    { action: "create", text: label("creó la orden: Cloración de tanque", "created the order: Tank chlorination"), person: "Despacho", claimed_at: "2026-11-18T20:00:00Z", received_at: "2026-11-18T20:00:05Z", seq: 120 },
    { action: "status", text: label("estado: en proceso", "status: in progress"), person: "C-02", claimed_at: "2026-11-19T15:12:00Z", received_at: null, seq: null },
    { action: "measure", text: label("midió Cloro residual antes: 0.10 mg/L", "measured residual chlorine before: 0.10 mg/L"), person: "C-02", claimed_at: "2026-11-19T15:38:00Z", received_at: null, seq: null },
    { action: "set", text: label("dosis: 1.20 mg/L", "dose: 1.20 mg/L"), person: "C-02", claimed_at: "2026-11-19T15:41:00Z", received_at: null, seq: null },
    { action: "note", text: label("anotó: La tapa del tanque no cierra", "noted: La tapa del tanque no cierra"), person: "C-02", claimed_at: "2026-11-19T15:50:00Z", received_at: null, seq: null },
  ],
  state: unsent, can_write: true,
};
export const toBegin: Sheet = { ...sheet, row: row({}), state_label: label("Asignada", "Assigned"), steps: [start], missing: [], notes: [], materials: [], photos: [], history: sheet.history.slice(0, 1) };
export const ready: Sheet = { ...sheet, missing: [], lines: [line({ ...before }), line({ ...chlorine, value: "0.80", shown: label("0.80 mg/L", "0.80 mg/L"), is_missing: false, tick: "saved" }), field, reagent] };
export const done: Sheet = { ...ready, row: row({ is_done: true, tick: "saved" }), state_label: label("Terminada", "Finished"), steps: [] };
export const pipeDiameter = {
  field: "diameter", label: label("Diámetro de la tubería", "Pipe diameter"),
  values: [
    { value: "2", shown: label("2 pulgadas", "2 inches"), person: "C-02", claimed_at: "2026-11-16T14:20:00Z", device: "a" },
    { value: "3", shown: label("3 pulgadas", "3 inches"), person: "Despacho", claimed_at: "2026-11-13T23:05:00Z", device: "b" },
  ],
};
export const conflicted: Sheet = { ...ready, conflicts: [pipeDiameter], state: { ...unsent, conflicts: 1, mood: "decide" } };
export const hostile: Sheet = {
  ...sheet, row: { ...base, title: label("\u202Egnp.<img src=x onerror=alert(1)>", "\u202Egnp.<img src=x onerror=alert(1)>"), place: "A".repeat(120) },
  notes: [{ id: "n9", text: `<script>alert(1)</script> ${"palabralarguísima".repeat(12)}`, person: "\u202EC-02", at: "no es una fecha", tick: "sent", voided: true }],
};

export const choices: Choices = {
  crew: "C-02",
  kinds: [
    ["chlorination", "Clorar tanque", "Chlorinate tank", true], ["leak_repair", "Fuga", "Leak", true], ["inspection_round", "Revisión", "Inspection", true],
    ["network_maintenance", "Red", "Network", true], ["pump_replacement", "Bomba", "Pump", true], ["illegal_tap", "Toma clandestina", "Illegal tap", true],
    ["luminaire_repair", "Lámpara", "Lamp", false], ["sewer_cleaning", "Drenaje", "Sewer", false],
  ].map(([key, es, en, isFrequent]) => ({ key: String(key), glyph: String(key), label: label(String(es), String(en)), is_frequent: isFrequent === true })),
  localities: [
    { key: "ocota-de-la-sierra", name: "Ocota de la Sierra", about: label("de C-02 · sin lugar en el mapa", "of C-02 · no place on the map"), is_recent: true },
    { key: "ocota-de-los-llanos", name: "Ocota de los Llanos", about: label("52 km al suroeste de la cabecera", "52 km south-west of the seat"), is_recent: false },
    { key: "pueblo-nuevo", name: "Pueblo Nuevo", about: null, is_recent: false },
  ],
  materials: [
    { key: "coupling_2in", label: label("Cople de reparación de 2 pulgadas", "Repair coupling, 2 inches"), unit: "pieza" },
    { key: "pvc_glue", label: label("Pegamento para PVC", "PVC glue"), unit: "L" },
  ],
};

export const sends: Sends = { state: unsent, counts: { saved: 6, sent: 3, counts: 41, review: 1, unknown: 0 }, photos: { here: 5, to_send: 3, bytes: 912_000 }, last_error: null };
export const sentAll: Sends = { state: calm, counts: { saved: 0, sent: 0, counts: 50, review: 0, unknown: 0 }, photos: { here: 5, to_send: 0, bytes: 0 }, last_error: null };

export const held: Held[] = [{
  id: 7, folio: "MZQ-26-A4-0006", person: "C-02", reason: "revoked", detail_text: null, claimed_at: "2026-11-16T23:00:00Z", received_at: "2026-11-17T00:20:00Z",
  text: label("estado: terminada", "status: finished"), state: "held",
}];
export const dismissed: Held[] = [{ ...held[0]!, id: 3, folio: "MZQ-26-A4-0003", text: label("anotó: está dos veces", "noted: it is there twice"), state: "dismissed" }];

export const preview: Preview = { municipality: "Mezquitic", role: "crew", crew: "C-02", localities: [], office: null, expires_at: "2026-11-20T00:00:00Z", is_open: true };

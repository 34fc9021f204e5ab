// Protocol: what the page asks of the worker, and what it answers. The table is the one list of commands.
import type { Choices, Enrolled, Held, Judged, Preview, Sends, Sheet, Status, Today } from "./views";

/** What went wrong, for a person. Without a message the page has words for the code. */
export type Fault = { code: string; message: string; hint: string };
export type Result<T> = { ok: true; value: T } | { ok: false; fault: Fault };

export type Opened = {
  /** `elsewhere`: another tab has the files. */
  state: "open" | "elsewhere";
  is_enrolled: boolean;
  /** The browser deleted the journal of a device that was enrolled. */
  was_evicted: boolean;
  /** Whether this build of the core writes and reads files for other devices. */
  has_bundles: boolean;
};

/** How the office could be reached, as far as a browser can tell. */
export type Trouble = "no_signal" | "unreachable" | "silent" | "cut" | "foreign" | "busy" | "refused";

export type Exchanged = {
  end: string;
  trouble: Trouble | null;
  fault: Fault | null;
  photos_sent: number;
  photos_refused: string[];
  at_ms: number;
};

export type Invitation = { link: string } | { code: string; url: string };
export type Written = { folio: string; item?: string };
export type Kept = { sha256: string; bytes: number; media_type: string; width: number; height: number; thumb_sha256: string; thumb_bytes: number };
export type PhotoArgs = Kept & { folio: string; what: string; taken_at_ms: number; caption?: string; post?: string };

type Of<Args, Reply> = { args: Args; reply: Reply };
type Nothing = Record<string, never>;

/** Commands of the core, answered by it in JSON. */
export type CoreCommands = {
  status: Of<Nothing, Status>;
  today: Of<{ query?: string; filter?: string }, Today>;
  sheet: Of<{ folio: string }, Sheet>;
  choices: Of<Nothing, Choices>;
  sends: Of<Nothing, Sends>;
  judge: Of<{ folio: string; line: string; value: string }, Judged>;
  quarantine_list: Of<{ dismissed?: boolean }, Held[]>;
  order_new: Of<{ kind: string; locality?: string; crew?: string; title?: string; id?: string }, { folio: string; id: string }>;
  order_step: Of<{ folio: string; step: string; reason?: string }, { folio: string; status: string }>;
  order_set: Of<{ folio: string; field: string; value: string }, Written>;
  order_measure: Of<{ folio: string; what: string; value: string; unit: string; where?: string }, Written & { flag: string | null }>;
  order_note: Of<{ folio: string; text: string }, Written>;
  order_material: Of<{ folio: string; what: string; quantity: string; unit: string }, Written>;
  order_check: Of<{ folio: string; item: string; done: boolean }, Written>;
  order_correct: Of<{ folio: string; item: string; value?: string; unit?: string; reason: string }, Written>;
  order_photo: Of<PhotoArgs, Written>;
};

/** Commands of the worker itself. */
export type WorkerCommands = {
  open: Of<{ module: WebAssembly.Module; lang: "es" | "en"; is_taking: boolean }, Opened>;
  lang: Of<{ lang: "es" | "en" }, null>;
  release: Of<Nothing, null>;
  preview: Of<{ invitation: Invitation }, { preview: Preview | null; exchanged: Exchanged }>;
  enrol: Of<{ invitation: Invitation; name: string; office: string | null }, { enrolled: Enrolled | null; exchanged: Exchanged }>;
  sync: Of<{ photos: boolean; is_quick: boolean }, Exchanged>;
  shrink: Of<{ file: Blob }, Kept>;
  picture: Of<{ sha256: string }, Blob | null>;
  draft_get: Of<{ key: string }, unknown>;
  draft_put: Of<{ key: string; value: unknown }, null>;
  draft_drop: Of<{ key: string }, null>;
  bundle: Of<Nothing, Blob>;
  bundle_in: Of<{ file: Blob }, { entries: number; photos: number }>;
};

export type Commands = CoreCommands & WorkerCommands;
export type Name = keyof Commands;
export type Args<N extends Name> = Commands[N]["args"];
export type Reply<N extends Name> = Commands[N]["reply"];

export type Request = { [N in Name]: { id: number; name: N; args: Args<N> } }[Name];
export type Answer = { id: number; result: Result<unknown> };
/** What the worker says unasked. */
export type News =
  | { news: "ready"; lock: string }
  | { news: "released" }
  | { news: "gone" }
  | { news: "folding"; done: number; last: number }
  | { news: "progress"; pushed: number; pulled: number };

/** Names of the locks and of the channel that tabs share. */
export const FILES_LOCK = "cuadrilla-files";
export const TABS_CHANNEL = "cuadrilla-tabs";

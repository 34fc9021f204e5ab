// Routes: the address is the state. Each screen has one, so Back works, and a reload comes to the same place.
export type Route =
  | { at: "today"; query: string; filter: string }
  | { at: "order"; folio: string }
  | { at: "line"; folio: string; line: string }
  | { at: "note" | "material" | "photos" | "sign" | "finish" | "history"; folio: string }
  | { at: "step"; folio: string; step: string }
  | { at: "fix"; folio: string; item: string }
  | { at: "explain"; folio: string; field: string }
  | { at: "new"; kind: string; place: string; query: string }
  | { at: "sends" }
  | { at: "review" };

const SHEETS = ["note", "material", "photos", "sign", "finish", "history"] as const;
type SheetName = (typeof SHEETS)[number];

function part(text: string | undefined): string {
  try {
    return decodeURIComponent(text ?? "");
  } catch {
    return "";
  }
}

/** Returns the screen of an address. What is no address of ours is the list of today. */
export function parse(hash: string): Route {
  const [path = "", search = ""] = hash.replace(/^#\/?/, "").split("?");
  const asked = new URLSearchParams(search);
  const [room, ...rest] = path.split("/").map(part);
  const query = asked.get("q") ?? "";
  if (room === "new") return { at: "new", kind: rest[0] ?? "", place: rest[1] ?? "", query };
  if (room === "sends") return { at: "sends" };
  if (room === "review") return { at: "review" };
  if (room === "o" && rest[0]) return parseOrder(rest[0], rest[1], rest[2]);
  return { at: "today", query, filter: asked.get("f") ?? "" };
}

function parseOrder(folio: string, sheet: string | undefined, item: string | undefined): Route {
  if (item) {
    if (sheet === "line") return { at: "line", folio, line: item };
    if (sheet === "step") return { at: "step", folio, step: item };
    if (sheet === "fix") return { at: "fix", folio, item };
    if (sheet === "explain") return { at: "explain", folio, field: item };
  }
  const named = SHEETS.find((name): name is SheetName => name === sheet);
  return named ? { at: named, folio } : { at: "order", folio };
}

/** Returns the address of a screen. */
export function format(route: Route): string {
  const e = encodeURIComponent;
  switch (route.at) {
    case "today": return `#/${searchOf({ q: route.query, f: route.filter })}`;
    case "new": return `#/${["new", route.kind, route.kind && route.place].filter(Boolean).map(e).join("/")}${searchOf({ q: route.query })}`;
    case "sends": return "#/sends";
    case "review": return "#/review";
    case "order": return `#/o/${e(route.folio)}`;
    case "line": return `#/o/${e(route.folio)}/line/${e(route.line)}`;
    case "step": return `#/o/${e(route.folio)}/step/${e(route.step)}`;
    case "fix": return `#/o/${e(route.folio)}/fix/${e(route.item)}`;
    case "explain": return `#/o/${e(route.folio)}/explain/${e(route.field)}`;
    case "note": case "material": case "photos": case "sign": case "finish": case "history":
      return `#/o/${e(route.folio)}/${route.at}`;
  }
}

function searchOf(parts: Record<string, string>): string {
  const given = Object.entries(parts).filter(([, value]) => value !== "");
  return given.length === 0 ? "" : `?${new URLSearchParams(given).toString()}`;
}

const ENROL = "#enrol=";

/** Returns the secret of an invitation link's fragment, if it is one. */
export function invitationIn(hash: string): string | null {
  return hash.startsWith(ENROL) && hash.length > ENROL.length ? hash.slice(ENROL.length) : null;
}

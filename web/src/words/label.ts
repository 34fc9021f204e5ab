// Label: text that comes with the work itself in both languages, and the words of state.
export type Lang = "es" | "en";
export type Label = { readonly es: string; readonly en: string };
export type TickName = "saved" | "sent" | "counts" | "review" | "unknown";

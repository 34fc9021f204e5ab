// Words: every word that a person reads, from the Fluent files, in the language that was chosen.
import { FluentBundle, FluentResource, type FluentVariable } from "@fluent/bundle";
import en from "./en.ftl?raw";
import es from "./es-MX.ftl?raw";
import type { Label, Lang } from "./label";

export type Args = Record<string, FluentVariable>;

const CHOSEN = "cuadrilla-lang";
const LOCALES: Record<Lang, string> = { es: "es-MX", en: "en" };

function bundle(lang: Lang, text: string): FluentBundle {
  const made = new FluentBundle(LOCALES[lang]);
  const errors = made.addResource(new FluentResource(text));
  if (errors.length > 0) throw new Error(`${lang}: ${String(errors[0])}`);
  return made;
}

const BUNDLES: Record<Lang, FluentBundle> = { es: bundle("es", es), en: bundle("en", en) };

/** Returns the language of this browser: what was chosen here, else what it prefers; Spanish where it has neither. */
export function langOf(chosen: string | null, preferred: readonly string[]): Lang {
  if (chosen === "es" || chosen === "en") return chosen;
  for (const tag of preferred) {
    const lang = tag.slice(0, 2).toLowerCase();
    if (lang === "es" || lang === "en") return lang;
  }
  return "es";
}

let lang = $state.raw<Lang>("es");

/** Reads which language to speak. */
export function readLang(): Lang {
  lang = langOf(localStorage.getItem(CHOSEN), navigator.languages);
  document.documentElement.lang = LOCALES[lang];
  return lang;
}

/** Speaks another language from now on, and keeps that. */
export function chooseLang(chosen: Lang): void {
  localStorage.setItem(CHOSEN, chosen);
  readLang();
}

export function langNow(): Lang {
  return lang;
}

/** Returns the tag of the language, for dates and numbers. */
export function localeNow(): string {
  return LOCALES[lang];
}

/** Returns a person's text without the marks that could turn or reorder our words beside it. */
export function calm(text: string): string {
  return text.replace(/[\u202A-\u202E\u2066-\u2069]/g, "");
}

function calmed(args: Args): Args {
  return Object.fromEntries(Object.entries(args).map(([name, value]) => [name, typeof value === "string" ? calm(value) : value]));
}

/** Returns the text with this id. A missing one shows its id: the test of the catalogues keeps that from happening. */
export function t(id: string, args: Args = {}): string {
  const message = BUNDLES[lang].getMessage(id);
  if (!message?.value) return id;
  return BUNDLES[lang].formatPattern(message.value, calmed(args), []);
}

/** Returns the text for a record: without the marks that keep directions of writing apart on a screen. */
export function plain(id: string, args: Args = {}): string {
  return calm(t(id, args));
}

export function hasWords(id: string): boolean {
  return BUNDLES[lang].hasMessage(id);
}

/** Returns a label in the language that was chosen. */
export function say(label: Label): string {
  return label[lang];
}

// Tests of the catalogues: the same ids and arguments in both, every id that the code names, and none that it does not.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { FluentBundle, FluentResource } from "@fluent/bundle";
import { expect, test } from "vitest";

const SRC = join(import.meta.dirname, "..");
const read = (name: string): string => readFileSync(join(SRC, "words", name), "utf8");
const es = read("es-MX.ftl");
const en = read("en.ftl");

function idsOf(text: string): string[] {
  return [...text.matchAll(/^([a-z][a-z0-9-]*) =/gm)].map((match) => match[1] ?? "");
}

function argsOf(text: string): Map<string, string> {
  const parts = text.split(/^(?=[a-z][a-z0-9-]* =)/m).slice(1);
  return new Map(parts.map((part) => [part.split(" ")[0] ?? "", [...new Set(part.match(/\$[a-z]+/g) ?? [])].sort().join()]));
}

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sources(path);
    return /\.(svelte|ts)$/.test(entry.name) && !/\.(test|stories)\.ts$/.test(entry.name) ? [readFileSync(path, "utf8")] : [];
  });
}

const code = sources(SRC).join("\n");

test("both catalogues have the same ids in the same order, each once", () => {
  expect(idsOf(en)).toEqual(idsOf(es));
  expect(new Set(idsOf(es)).size).toBe(idsOf(es).length);
});

test("both take the same arguments", () => {
  expect(argsOf(en)).toEqual(argsOf(es));
});

test("both parse", () => {
  for (const [locale, text] of [["es-MX", es], ["en", en]] as const) {
    expect(new FluentBundle(locale).addResource(new FluentResource(text))).toEqual([]);
    expect(new FluentResource(text).body.length).toBe(idsOf(text).length);
  }
});

test("every id that the code spells out has words", () => {
  const named = [...code.matchAll(/\b(?:t|plain)\("([a-z0-9-]+)"/g)].map((match) => match[1] ?? "");
  expect(named.filter((id) => !idsOf(es).includes(id))).toEqual([]);
});

test("no words are left over", () => {
  const made = ["tick-", "today-", "role-", "lack-", "photo-", "sign-", "fix-", "sends-", "trouble-", "alarm-", "held-", "fault-"];
  const isUsed = (id: string): boolean => code.includes(`"${id}"`) || made.some((start) => id.startsWith(start));
  expect(idsOf(es).filter((id) => !isUsed(id))).toEqual([]);
});

test("words that confuse or frighten are not used", () => {
  expect(es).not.toMatch(/sincroniz|\berror|inválid|éxito|\busuario|¿está seguro/i);
  expect(en).not.toMatch(/\bsync|\berror|invalid|success|\buser\b|are you sure/i);
});

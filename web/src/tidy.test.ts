// Tests of the source itself: short files and functions, a first line that says what each is, and who may import whom.
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { expect, test } from "vitest";

const SRC = import.meta.dirname;
const LINES_MAX = 250;
const SCRIPT_LINES_MAX = 80;
const FUNCTION_LINES_MAX = 40;

type Source = { name: string; text: string; lines: string[] };

function sources(folder: string): Source[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sources(path);
    if (!/\.(svelte|ts)$/.test(entry.name)) return [];
    const text = readFileSync(path, "utf8");
    return [{ name: relative(SRC, path), text, lines: text.split("\n") }];
  });
}

const all = sources(SRC);
const names = (found: readonly Source[]): string[] => found.map((source) => source.name);

/** Returns how long the longest function of a file is: from its line to the first brace that closes at its indent. */
function longest(source: Source): number {
  let most = 0;
  source.lines.forEach((line, at) => {
    const starts = /^(\s*)(?:export )?(?:(?:async |static |readonly |private )*(?:function\b|#?\w+(?:<[^>]*>)?\([^)]*\)[^;=]*\{$))/.exec(line);
    if (!starts || !line.endsWith("{")) return;
    const end = source.lines.findIndex((other, below) => below > at && other === `${starts[1] ?? ""}}`);
    most = Math.max(most, end - at + 1);
  });
  return most;
}

test("files are short, and so are the scripts of components", () => {
  expect(names(all.filter((source) => source.lines.length > LINES_MAX))).toEqual([]);
  const script = (source: Source): number => /<script lang="ts"[^>]*>\n([^]*?)<\/script>\n\n[^<]/.exec(source.text)?.[1]?.split("\n").length ?? 0;
  expect(names(all.filter((source) => source.name.endsWith(".svelte") && script(source) > SCRIPT_LINES_MAX))).toEqual([]);
});

test("functions are short", () => {
  expect(names(all.filter((source) => longest(source) > FUNCTION_LINES_MAX))).toEqual([]);
});

test("the first line says what a file is", () => {
  const says = (source: Source): boolean => /^(\/\/|<!--) [A-Z].*/.test(source.lines[0] ?? "");
  expect(names(all.filter((source) => !says(source)))).toEqual([]);
});

const MAY: Record<string, RegExp> = {
  parts: /^\.\/|^\.\.\/words\/|^svelte|^signature_pad$/,
  words: /^\.\/|^@fluent\/bundle$/,
  crew: /^\.\/|^\.\.\/(client|parts|words|stories)\/|^\.\.\/routes$|^svelte|^signature_pad$/,
  client: /^\.\/|^svelte$|^\.\.\/(words|routes|trusted)|^\.\.\/worker\/main\.ts\?worker&url$/,
  worker: /^\.\/|^\.\.\/(client\/(protocol|views)|trusted|words\/label)$/,
};

test("rooms import parts and client, parts import words, and only client speaks to the worker", () => {
  const wrong = all.filter((source) => !/\.test\.ts$/.test(source.name)).flatMap((source) => {
    const may = MAY[source.name.split("/")[0] ?? ""];
    const imports = [...source.text.matchAll(/from "([^"]+)"/g)].map((match) => match[1] ?? "");
    return may ? imports.filter((from) => !may.test(from)).map((from) => `${source.name}: ${from}`) : [];
  });
  expect(wrong).toEqual([]);
});

test("no HTML is made of text, no style stands in an attribute, nothing is of any type", () => {
  const sinks = /\{@html|innerHTML|insertAdjacentHTML|document\.write|\bstyle="|<script(?! lang="ts")|: any\b|as any\b|<any>/;
  const ours = all.filter((source) => source.name !== "tidy.test.ts" && source.name !== "stories/samples.ts");
  expect(names(ours.filter((source) => sinks.test(source.text)))).toEqual([]);
});

// Vite: builds the app, its worker and its service worker, and lists what was built with hashes.
import { createHash } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig, type Plugin } from "vitest/config";

const OUT = resolve(import.meta.dirname, "dist");
const WASM = resolve(import.meta.dirname, "wasm");
// Not listed: the list itself, and the script that checks it.
const UNLISTED = new Set(["assets.json", "sw.js"]);
const HASH_PLACE = "ASSETS_SHA256";

function sha256(bytes: Uint8Array | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesUnder(path) : [path];
  });
}

/** Copies the core where it was built; without it the app says at the door that it is missing. */
function copyCore(): void {
  if (!existsSync(WASM)) return;
  mkdirSync(join(OUT, "wasm"), { recursive: true });
  for (const name of ["core.js", "core_bg.wasm"]) {
    const from = join(WASM, name);
    if (existsSync(from)) copyFileSync(from, join(OUT, "wasm", name));
  }
}

/** Writes `assets.json`, and its hash into the service worker: so the browser notices each build. */
function listAssets(): void {
  const names = filesUnder(OUT).map((path) => relative(OUT, path)).filter((name) => !UNLISTED.has(name));
  const files = names.sort().map((name) => [`/${name}`, sha256(readFileSync(join(OUT, name)))]);
  const list = `${JSON.stringify({ version: 1, files: Object.fromEntries(files) }, null, 1)}\n`;
  writeFileSync(join(OUT, "assets.json"), list);
  const worker = join(OUT, "sw.js");
  writeFileSync(worker, readFileSync(worker, "utf8").replace(HASH_PLACE, sha256(list)));
}

function assets(): Plugin {
  return {
    name: "cuadrilla-assets",
    apply: "build",
    closeBundle: { sequential: true, order: "post", handler: () => { copyCore(); listAssets(); } },
  };
}

export default defineConfig({
  plugins: [svelte(), assets()],
  worker: { format: "iife" },
  build: {
    outDir: OUT,
    emptyOutDir: true,
    target: ["chrome109", "firefox111", "safari17"],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: { index: resolve(import.meta.dirname, "index.html"), sw: resolve(import.meta.dirname, "src/sw.ts") },
      output: {
        entryFileNames: (chunk) => (chunk.name === "sw" ? "sw.js" : "assets/[name]-[hash].js"),
        chunkFileNames: "assets/[name]-[hash].js",
        assetFileNames: "assets/[name]-[hash][extname]",
      },
    },
  },
  test: { include: ["src/**/*.test.ts"], environment: "node" },
});

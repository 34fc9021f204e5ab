// Writes FILE.br and FILE.gz beside each file of the folder that they make shorter, and prints the sizes as lines of JSON.
// What an earlier run left is written again. Run by `cargo xtask web`.
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const folder = process.argv[1];
const PACKED = /\.(br|gz)$/;
// These are compressed by themselves; maps are not served.
const LEFT = /\.(png|jpe?g|webp|avif|woff2|map)$/;

function* files(below) {
  for (const entry of readdirSync(below, { withFileTypes: true })) {
    const path = join(below, entry.name);
    if (entry.isDirectory()) yield* files(path);
    else yield path;
  }
}

for (const path of [...files(folder)].filter((path) => PACKED.test(path))) rmSync(path);
for (const path of [...files(folder)].sort()) {
  const name = relative(folder, path);
  const bytes = readFileSync(path);
  const sizes = { name, bytes: statSync(path).size, gzip: bytes.length, brotli: bytes.length };
  if (!LEFT.test(path)) {
    const brotli = brotliCompressSync(bytes, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: 11,
        [constants.BROTLI_PARAM_LGWIN]: 24,
        [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
      },
    });
    const gzip = gzipSync(bytes, { level: 9 });
    for (const [ending, packed] of [["br", brotli], ["gz", gzip]]) {
      if (packed.length < bytes.length) writeFileSync(`${path}.${ending}`, packed);
    }
    Object.assign(sizes, { gzip: Math.min(gzip.length, bytes.length), brotli: Math.min(brotli.length, bytes.length) });
  }
  if (!/\.map$/.test(path)) console.log(JSON.stringify(sizes));
}

// Keys: the device's keys. The browser keeps the secret half where no script can read it; a browser without Ed25519 keeps a seed.
import type { Module } from "./core";
import { read, readAll, write } from "./database";
import { Refusal } from "./fault";

type Kept = CryptoKeyPair | { seed: Uint8Array<ArrayBuffer> };

const ALGORITHM = "Ed25519";
const SEED_BYTES = 32;
const ASIDE = "aside:";

/** What was read or made since this worker lives: a key that is cleaned from the disk can still sign what is here. */
const held = new Map<string, Kept>();

async function find(name: string): Promise<Kept | undefined> {
  const kept = held.get(name) ?? (await read<Kept>("keys", name));
  if (kept) held.set(name, kept);
  return kept;
}

/** Writes every key that was used here again: the browser took what was on the disk. */
export async function keepKeysAgain(): Promise<void> {
  await write("keys", [...held]);
}

/** Renames the keys of a device whose journal is gone: it cannot go on as that device, and enrols as another one. */
export async function setKeysAside(): Promise<void> {
  const all = await readAll<Kept>("keys");
  const own = all.filter(([name]) => !String(name).startsWith(ASIDE));
  await write("keys", own.flatMap(([name, kept]) => [[`${ASIDE}${Date.now()}:${String(name)}`, kept], [name, undefined]] as const));
  held.clear();
}

/** Reads all keys of this device, so that they are there when the disk has them no longer. */
export async function holdKeys(): Promise<void> {
  for (const [name, kept] of await readAll<Kept>("keys")) held.set(String(name), kept);
}

async function make(): Promise<Kept> {
  try {
    return (await crypto.subtle.generateKey({ name: ALGORITHM }, false, ["sign", "verify"])) as CryptoKeyPair;
  } catch {
    return { seed: crypto.getRandomValues(new Uint8Array(SEED_BYTES)) };
  }
}

/** Returns the public half of the key with this name; makes the key if there is none, and keeps it before it answers. */
export async function publicKey(module: Module, name: string): Promise<Uint8Array> {
  let kept = await find(name);
  if (!kept) {
    kept = await make();
    await write("keys", [[name, kept]]);
    held.set(name, kept);
  }
  if ("seed" in kept) return some(module.public_of_seed(kept.seed), name);
  return new Uint8Array(await crypto.subtle.exportKey("raw", kept.publicKey));
}

/** Returns the signature of exactly these bytes by the key with this name. */
export async function sign(module: Module, name: string, bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const kept = await find(name);
  if (!kept) throw new Refusal("no_key", name);
  if ("seed" in kept) return some(module.sign_with_seed(kept.seed, bytes), name);
  return new Uint8Array(await crypto.subtle.sign(ALGORITHM, kept.privateKey, bytes));
}

function some(bytes: Uint8Array | undefined, name: string): Uint8Array {
  if (!bytes) throw new Refusal("no_key", name);
  return bytes;
}

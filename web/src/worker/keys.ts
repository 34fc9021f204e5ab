// Keys: the device's keys. The browser keeps the secret half where no script can read it; a browser without Ed25519 keeps a seed.
import type { Module } from "./core";
import { read, write } from "./database";
import { Refusal } from "./fault";

type Kept = CryptoKeyPair | { seed: Uint8Array<ArrayBuffer> };

const ALGORITHM = "Ed25519";
const SEED_BYTES = 32;

async function make(): Promise<Kept> {
  try {
    return (await crypto.subtle.generateKey({ name: ALGORITHM }, false, ["sign", "verify"])) as CryptoKeyPair;
  } catch {
    return { seed: crypto.getRandomValues(new Uint8Array(SEED_BYTES)) };
  }
}

/** Returns the public half of the key with this name; makes the key if there is none, and keeps it before it answers. */
export async function publicKey(module: Module, name: string): Promise<Uint8Array> {
  let kept = await read<Kept>("keys", name);
  if (!kept) {
    kept = await make();
    await write("keys", [[name, kept]]);
  }
  if ("seed" in kept) return some(module.public_of_seed(kept.seed), name);
  return new Uint8Array(await crypto.subtle.exportKey("raw", kept.publicKey));
}

/** Returns the signature of exactly these bytes by the key with this name. */
export async function sign(module: Module, name: string, bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const kept = await read<Kept>("keys", name);
  if (!kept) throw new Refusal("no_key", name);
  if ("seed" in kept) return some(module.sign_with_seed(kept.seed, bytes), name);
  return new Uint8Array(await crypto.subtle.sign(ALGORITHM, kept.privateKey, bytes));
}

function some(bytes: Uint8Array | undefined, name: string): Uint8Array {
  if (!bytes) throw new Refusal("no_key", name);
  return bytes;
}

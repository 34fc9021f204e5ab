// Answer: what the worker does for each command. Commands of the core pass through as JSON.
import type { Args, CoreCommands, Enrolled, Name, News, Opened, Preview, Reply, WorkerCommands } from "./commands";
import { ask, loadCore } from "./core";
import { read, write } from "./database";
import { Device } from "./device";
import { drive, sync, type Means } from "./exchange";
import { Refusal } from "./fault";
import { dropLock, takeLock } from "./files";
import { ORDINARY } from "./http";
import { sign } from "./keys";
import { shrink } from "./photo";
import { strip } from "./strip";

type Bytes = Uint8Array<ArrayBuffer>;
type Does = { [N in keyof WorkerCommands]: (args: Args<N>) => Promise<Reply<N>> };

const SIGNATURE_BYTES = 64;

let device: Device | null = null;
let tell: (news: News) => void = () => {};

export function tellBy(by: (news: News) => void): void {
  tell = by;
}

let lastExchange: Promise<unknown> = Promise.resolve();

/** Runs one exchange after the other: the core has one driver. */
function inTurn<T>(exchange: () => Promise<T>): Promise<T> {
  const next = lastExchange.then(exchange, exchange);
  lastExchange = next.catch(() => {});
  return next;
}

function open(): Device {
  if (!device) throw new Refusal("not_open");
  return device;
}

function means(): Means {
  const one = open();
  return { core: one.core, module: one.module, settle: () => one.settle(), progress: (made) => tell({ news: "progress", ...made }) };
}

/** Gives the files back, for another tab. */
export async function release(): Promise<void> {
  device?.close();
  device = null;
  dropLock();
}

async function openDevice({ module, lang, is_taking }: Args<"open">): Promise<Opened> {
  if (!(await takeLock(is_taking))) return { state: "elsewhere", is_enrolled: false, was_evicted: false, has_bundles: false };
  // Asked again by a page that goes on after an alarm: the files are ours already.
  device?.close();
  device = null;
  try {
    const opened = await Device.open(await loadCore(module), lang, {
      folding: (done, last) => tell({ news: "folding", done, last }),
      gone: () => tell({ news: "gone" }),
    });
    device = opened.device;
    const isEnrolled = device.isEnrolled();
    return { state: "open", is_enrolled: isEnrolled, was_evicted: opened.wasEvicted, has_bundles: device.core.bundle_begin !== undefined };
  } catch (thrown) {
    await release();
    throw thrown;
  }
}

async function keepShrunk({ file }: Args<"shrink">): Promise<Reply<"shrink">> {
  const { core } = open();
  const made = await shrink(file);
  const [photo, thumb] = (await Promise.all([bytesOf(made.photo), bytesOf(made.thumb)])).map(strip) as [Bytes, Bytes];
  const sha256 = core.keep_photo(photo);
  const thumbSha256 = core.keep_photo(thumb);
  const { width, height } = made;
  return { sha256, bytes: photo.length, media_type: "image/jpeg", width, height, thumb_sha256: thumbSha256, thumb_bytes: thumb.length };
}

/** Writes all that the office may lack into a file for another device, photos too. */
async function writeBundle(): Promise<Blob> {
  const { core, module } = open();
  const asked = core.bundle_begin?.();
  if (!asked) throw new Refusal("no_bundles");
  const signatures = await Promise.all(asked.map(({ key, bytes }) => sign(module, key, bytes)));
  const whole = new Uint8Array(signatures.length * SIGNATURE_BYTES);
  signatures.forEach((signature, at) => whole.set(signature, at * SIGNATURE_BYTES));
  const made = core.bundle?.(whole, true);
  if (!made) throw new Refusal("no_bundles");
  return new Blob([made], { type: "application/octet-stream" });
}

async function bytesOf(blob: Blob): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await blob.arrayBuffer());
}

const DOES: Does = {
  open: openDevice,
  lang: async ({ lang }) => { open().core.set_lang(lang); return null; },
  release: async () => { await release(); return null; },
  preview: async ({ invitation }) => {
    const told = await inTurn(() => drive(means(), { goal: "preview", ...invitation }, ORDINARY));
    const preview = told.end === "previewed" ? (told.outcome as Preview) : null;
    return { preview, exchanged: exchangedOf(told) };
  },
  enrol: async ({ invitation, name, office }) => {
    const told = await inTurn(() => drive(means(), { goal: "enrol", ...invitation, name, ...(office === null ? {} : { office }) }, ORDINARY));
    const enrolled = told.end === "enrolled" ? (told.outcome as Enrolled) : null;
    if (enrolled) await open().noteEnrolled();
    return { enrolled, exchanged: exchangedOf(told) };
  },
  sync: ({ photos, is_quick }) => inTurn(() => sync(means(), photos, is_quick)),
  shrink: keepShrunk,
  picture: async ({ sha256 }) => {
    const bytes = open().core.photo(sha256);
    return bytes ? new Blob([bytes], { type: "image/jpeg" }) : null;
  },
  draft_get: async ({ key }) => (await read("drafts", key)) ?? null,
  draft_put: async ({ key, value }) => { await write("drafts", [[key, value]]); return null; },
  draft_drop: async ({ key }) => { await write("drafts", [[key, undefined]]); return null; },
  bundle: () => inTurn(writeBundle),
  bundle_in: async ({ file }) => {
    const { core } = open();
    const text = core.bundle_import?.(await bytesOf(file));
    if (text === undefined) throw new Refusal("no_bundles");
    const said = JSON.parse(text) as Reply<"bundle_in">;
    await open().settle();
    return said;
  },
};

function exchangedOf(told: Awaited<ReturnType<typeof drive>>): Reply<"sync"> {
  return { end: told.end, trouble: told.trouble, fault: told.fault, photos_sent: 0, photos_refused: [], at_ms: Date.now() };
}

/** Answers one command. A write has been answered only when it is safe. */
export async function answer<N extends Name>(name: N, args: Args<N>): Promise<unknown> {
  if (isOfWorker(name)) return (DOES[name] as (args: unknown) => Promise<unknown>)(args);
  const one = open();
  const said = ask(one.core, name, args);
  await one.settle();
  return said;
}

function isOfWorker(name: keyof CoreCommands | keyof WorkerCommands): name is keyof WorkerCommands {
  return Object.hasOwn(DOES, name);
}

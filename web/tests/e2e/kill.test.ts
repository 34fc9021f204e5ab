// The browser is ended with `kill -9` at random moments while notes are saved: what the screen said was saved is there.
import { afterAll, beforeAll, expect, test } from "vitest";
import { Phone } from "../phone";
import { Town } from "../town";

const SEED = Number(process.env.CUADRILLA_SEED ?? Math.floor(Math.random() * 0xffff_ffff));
const KILLS = Number(process.env.CUADRILLA_KILLS ?? 6);
const SAVES_PER_KILL = 20;
/** How long after a tap on "Guardar" the browser may still live. */
const MOMENT_MS = 120;

let town: Town;
let folio = "";
const phone = new Phone();

beforeAll(async () => {
  town = await Town.peopled();
  await phone.enrol(town.link("C-01"));
  await phone.page.getByRole("link", { name: /Cloración periódica/ }).click();
  await phone.tap("button", /Iniciar/);
  await phone.shows("En proceso");
  folio = decodeURIComponent(phone.page.url().split("/").at(-1) ?? "");
});
afterAll(async () => {
  await phone.throwAway();
  await town?.end();
});

/** Random numbers from one seed, so that a failure can be had again (mulberry32). */
function dice(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

/** Saves a note on the screen. Returns when the screen shows it in the order, which it says only of what is saved. */
async function save(text: string, onpress: () => void = () => {}): Promise<void> {
  await phone.page.goto(`${town.url}/#/o/${folio}/note`);
  await phone.page.getByRole("textbox").fill(text);
  const key = phone.page.getByRole("button", { name: "Guardar nota" });
  await key.waitFor();
  onpress();
  await key.click();
  await phone.page.getByRole("status").filter({ hasText: "Guardado en este teléfono" }).waitFor();
  await phone.page.getByRole("link", { name: text }).waitFor();
}

async function notes(): Promise<string[]> {
  const order = (await phone.ask("order_show", { folio })) as { notes: { text: string }[] };
  return order.notes.map((note) => note.text);
}

/** Saves notes until the browser is ended, at a random moment of a random save. Returns what the screen said was saved. */
async function saveUntilKilled(round: number, random: () => number): Promise<string[]> {
  const last = Math.floor(random() * SAVES_PER_KILL);
  const afterMs = random() * MOMENT_MS;
  const said: string[] = [];
  for (let at = 0; at < last; at += 1) {
    const text = `Nota ${round}-${at}.`;
    await save(text);
    said.push(text);
  }
  const text = `Nota ${round}-${last}.`;
  let killed: Promise<void> = Promise.resolve();
  const kill = (): void => {
    killed = new Promise((done, failed) => setTimeout(() => phone.kill().then(done, failed), afterMs));
  };
  await save(text, kill).then(() => said.push(text), () => {});
  await killed;
  return said;
}

test(`nothing that was said to be saved is lost when the browser dies (CUADRILLA_SEED=${SEED})`, async () => {
  const random = dice(SEED);
  const said: string[] = [];
  await phone.signal(false);
  for (let round = 0; round < KILLS; round += 1) {
    said.push(...(await saveUntilKilled(round, random)));
    await phone.open(`${town.url}/#/o/${folio}`);
    await phone.signal(false);
    await phone.shows("En proceso");
    const there = await notes();
    expect(there.filter((text) => said.includes(text)), `seed ${SEED}, round ${round}`).toEqual(said);
    expect(new Set(there).size, "none stands twice").toBe(there.length);
  }
  const kept = await notes();
  await phone.signal(true);
  await phone.page.goto(`${town.url}/#/sends`);
  await phone.shows("Nada sin enviar");
  town.crew("office", ["sync"]);
  const order = town.crew("office", ["order", "show", folio]) as { notes: { text: string }[] };
  expect(order.notes.map((note) => note.text)).toEqual(kept);
}, 120_000 + KILLS * 60_000);

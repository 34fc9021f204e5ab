// Two phones and a device of the command line on one order: nothing twice, the same everywhere, and a conflict in sight.
import { afterAll, beforeAll, expect, test } from "vitest";
import { Phone } from "../phone";
import { Town } from "../town";

const TITLE = /Cloración periódica del tanque/;
let town: Town;
let folio = "";
const one = new Phone();
const other = new Phone();
const both = [one, other];

type Order = { notes: { text: string }[]; measurements: { value: string }[]; status: string };

beforeAll(async () => {
  town = await Town.peopled();
  const { code } = town.crew("admin", ["invite", "--role", "crew", "--crew", "C-01"]);
  town.crew("line", ["enrol", town.url, String(code), "--name", "Equipo de C-01"]);
  await Promise.all(both.map((phone) => phone.enrol(town.link("C-01"))));
  const list = town.crew("line", ["order", "list"]) as unknown as { folio: string; title: string }[];
  folio = list.find((order) => TITLE.test(order.title))?.folio ?? "";
});
afterAll(async () => {
  await Promise.all(both.map((phone) => phone.throwAway()));
  await town?.end();
});

/** Returns when no exchange is under way, and how many round trips there were since this was last asked. */
async function settled(phone: Phone): Promise<number> {
  await phone.page.goto(`${town.url}/#/sends`);
  await phone.page.getByRole("button", { name: /Buscar señal y enviar/ }).waitFor();
  return phone.exchanges();
}

/** Fills a field of the order that is written in words. */
async function fill(phone: Phone, line: RegExp, text: string): Promise<void> {
  await phone.tap("link", line);
  await phone.page.getByRole("textbox").fill(text);
  await phone.tap("button", /^Guardar/);
  await phone.page.getByRole("link", { name: text }).waitFor();
}

async function note(phone: Phone, text: string): Promise<void> {
  await phone.tap("link", /^Nota$/);
  await phone.page.getByRole("textbox").fill(text);
  await phone.tap("button", /Guardar nota/);
  await phone.page.getByRole("link", { name: text }).waitFor();
}

test("from today, a chlorination with its reading takes four taps and the number", async () => {
  await settled(one);
  await Promise.all(both.map((phone) => phone.signal(false)));
  await one.tap("link", "Hoy");
  await one.page.getByRole("link", { name: TITLE }).waitFor();
  one.taps();
  await one.tap("link", TITLE);
  await one.tap("button", /Iniciar/);
  await one.tap("link", /^Anotar/);
  await one.keys("0.80");
  await one.tap("button", /Guardar \u2068?0\.80/);
  await one.page.getByRole("link", { name: /0\.80/ }).waitFor();
  expect(one.taps()).toBeLessThanOrEqual(4);
});

test("all three go on with the same order, and none knows of the others", async () => {
  await fill(one, /^Tanque o depósito/, "Tanque alto");
  await note(one, "Nota del primer teléfono");
  await other.page.goto(`${town.url}/#/`);
  await other.tap("link", TITLE);
  await other.tap("button", /Iniciar/);
  await fill(other, /^Tanque o depósito/, "Tanque bajo");
  await note(other, "Nota del segundo teléfono");
  town.crew("line", ["measure", folio, "free_chlorine", "0.90", "mg/L"]);
  town.crew("line", ["note", folio, "Nota de la línea"]);
  for (const phone of both) {
    await phone.shows(/guardados aquí, sin enviar/);
    await expect(phone.ask("order_show", { folio })).resolves.toMatchObject({ notes: [{}] });
  }
});

test("one round trip each hands the work over, and one more each brings what the others did", async () => {
  for (const phone of both) {
    phone.exchanges();
    await phone.signal(true);
    await phone.shows("Nada sin enviar");
    expect(await settled(phone)).toBe(1);
  }
  expect(town.crew("line", ["sync"])).toMatchObject({ round_trips: 1 });
  for (const phone of both) {
    await phone.tap("button", /Buscar señal y enviar/);
    expect(await settled(phone)).toBe(1);
  }
  expect(town.crew("line", ["sync"])).toMatchObject({ round_trips: 1 });
  const shown = town.crew("line", ["order", "show", folio]);
  for (const phone of both) expect(await phone.ask("order_show", { folio })).toEqual(shown);
});

test("nothing stands twice, and both phones show the conflict with both values", async () => {
  const order = town.crew("line", ["order", "show", folio]) as unknown as Order;
  expect(order.notes.map((each) => each.text).sort()).toEqual(["Nota de la línea", "Nota del primer teléfono", "Nota del segundo teléfono"]);
  expect(order.measurements.map((each) => each.value).sort()).toEqual(["0.80", "0.90"]);
  expect(order.status).toBe("in_progress");
  for (const [at, phone] of both.entries()) {
    await phone.page.goto(`${town.url}/#/`);
    await phone.page.getByRole("link", { name: TITLE }).filter({ hasText: /1\u2069? \u2068?dato con dos valores/ }).waitFor();
    await phone.shot(`today-conflict-${at}`);
    await phone.tap("link", TITLE);
    const conflict = phone.page.getByRole("listitem").filter({ hasText: /Tanque o depósito\u2069?: dos valores/ });
    await conflict.getByText("Tanque alto").waitFor();
    await conflict.getByText("Tanque bajo").waitFor();
    // No side stands in the form as if it counted.
    expect(await phone.page.getByText(/^\u2068?Tanque (alto|bajo)\u2069?$/).count()).toBe(2);
    expect(await phone.page.getByRole("link", { name: /Nota del (primer|segundo) teléfono/ }).count()).toBe(2);
    await phone.shot(`conflict-${at}`);
    expect(phone.troubles()).toEqual([]);
  }
});

test("a crew explains a conflict, the office decides it, and the phones show what was decided", async () => {
  await one.tap("link", /Explicar al despacho/);
  await one.tap("radio", /Tanque alto/);
  await one.page.getByRole("textbox").fill("Lo lavamos hoy");
  await one.shot("explain");
  await one.tap("button", /Guardar explicación/);
  await one.shows(/En el campo vale: .*Tanque alto/);
  await settled(one);
  await one.tap("button", /Buscar señal y enviar/);
  await one.shows("Nada sin enviar");
  town.crew("office", ["sync"]);
  town.crew("office", ["conflict", "resolve", folio, "tank", "--take", "1", "--reason", "Así lo vio la cuadrilla"]);
  town.crew("office", ["sync"]);
  for (const phone of both) {
    await settled(phone);
    await phone.tap("button", /Buscar señal y enviar/);
    await settled(phone);
    await phone.page.goto(`${town.url}/#/o/${folio}`);
    await phone.page.getByRole("link", { name: /^Tanque o depósito.*Tanque/ }).waitFor();
    expect(await phone.page.getByText("Decide el despacho.").count()).toBe(0);
  }
});

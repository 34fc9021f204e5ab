// The story of a day: enrolled by a link, chlorinated without signal, closed and opened, and handed over.
import { afterAll, beforeAll, expect, test } from "vitest";
import { Phone } from "../phone";
import { Town } from "../town";

let town: Town;
const phone = new Phone();

beforeAll(async () => { town = await Town.peopled(); });
afterAll(async () => {
  await phone.throwAway();
  await town?.end();
});

const shows = (text: string | RegExp): Promise<void> => phone.shows(text);

/** Notes a reading from an order's line. */
async function reading(line: RegExp, value: string): Promise<void> {
  await phone.tap("link", line);
  await phone.keys(value);
  await phone.tap("button", new RegExp(`Guardar \\u2068?${value.replace(".", "\\.")}`));
  await phone.page.getByText(value, { exact: false }).first().waitFor();
}

test("a crew notes a tank's chlorination without signal, and the office has it once", async () => {
  await phone.enrol(town.link("C-01"));
  // The address keeps no secret of the invitation.
  expect(phone.page.url()).not.toContain("?");
  expect(phone.page.url()).not.toMatch(/#.*[0-9A-Za-z]{20}/);
  await shows("Por empezar");
  await town.stop();
  await phone.signal(false);

  await phone.tap("link", /Nueva/);
  await phone.tap("link", /Cloración de tanque/);
  await phone.tap("link", /Ocota de la Sierra/);
  await phone.tap("button", /Empezar/);
  await phone.tap("button", /Iniciar/);
  await shows("En proceso");
  await reading(/^Cloro residual libre antes/, "0.10");
  await reading(/^Cloro residual libre (falta|sin)/, "0.80");
  await phone.tap("link", /Nota/);
  await phone.page.getByRole("textbox").fill("El tanque quedó lleno");
  await phone.tap("button", /Guardar nota/);
  await shows("El tanque quedó lleno");

  // The page is loaded again, and the browser is closed and opened, all without signal or server.
  const folio = await phone.page.getByText(/^MZQ-/).first().innerText();
  await phone.page.reload();
  await shows("El tanque quedó lleno");
  await phone.close();
  await phone.open(town.url);
  await phone.signal(false);
  await shows("En proceso");
  await phone.page.getByRole("link", { name: /A\d-0001/ }).first().click();
  await shows("El tanque quedó lleno");
  await shows(/0\.80/);

  // With signal again it hands the work over, and a device of the command line shows the same.
  await town.serve();
  await phone.signal(true);
  await phone.page.goto(`${town.url}/`);
  await phone.page.getByRole("link", { name: /Envíos/ }).last().click();
  await phone.tap("button", /enviar|Intentar/i);
  await shows("Nada sin enviar");
  town.crew("office", ["sync"]);
  const order = town.crew("office", ["order", "show", folio]) as { notes: unknown[]; measurements: { value: string }[]; status: string };
  expect(order.notes).toHaveLength(1);
  expect(order.measurements.map((one) => one.value)).toEqual(["0.10", "0.80"]);
  expect(order.status).toBe("in_progress");
  expect(phone.troubles()).toEqual([]);
});

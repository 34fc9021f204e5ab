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

const shows = (text: string | RegExp): Promise<void> => phone.page.getByText(text).first().waitFor();

/** Types a reading on the pad of the app. */
async function keys(number: string): Promise<void> {
  for (const key of number) {
    await phone.page.getByRole("button", { name: key === "." ? "punto decimal" : key, exact: true }).click();
  }
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
  await phone.page.screenshot({ path: "/tmp/e2e-new.png" });
  await phone.tap("button", /Empezar/);
  await shows(/Cloro residual libre/);
  await phone.page.screenshot({ path: "/tmp/e2e-order.png" });
});

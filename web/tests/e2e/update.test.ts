// A new build waits until the person says so, and what was not sent yet, or half written, is there after it.
import { createHash } from "node:crypto";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Phone } from "../phone";
import { DIST, Town } from "../town";

const MARK = "cuadrilla-build-of-tomorrow";
const folder = mkdtempSync(join(tmpdir(), "cuadrilla-dist-"));
let town: Town;
const phone = new Phone();

beforeAll(async () => {
  cpSync(DIST, folder, { recursive: true });
  town = await Town.peopled(folder);
});
afterAll(async () => {
  await phone.throwAway();
  await town?.end();
  rmSync(folder, { recursive: true, force: true });
});

const sha256 = (bytes: Uint8Array | string): string => createHash("sha256").update(bytes).digest("hex");

/** Puts another build in the place of the one that is served, as an update of the office does. */
function deploy(): void {
  const [page, list, worker] = ["index.html", "assets.json", "sw.js"].map((name) => join(folder, name)) as [string, string, string];
  const before = sha256(readFileSync(list));
  writeFileSync(page, readFileSync(page, "utf8").replace("<head>", `<head><meta name="${MARK}">`));
  const assets = JSON.parse(readFileSync(list, "utf8")) as { files: Record<string, string> };
  assets.files["/index.html"] = sha256(readFileSync(page));
  writeFileSync(list, `${JSON.stringify(assets, null, 1)}\n`);
  writeFileSync(worker, readFileSync(worker, "utf8").replace(before, sha256(readFileSync(list))));
}

const isNew = (): Promise<number> => phone.page.locator(`meta[name="${MARK}"]`).count();

test("a new build is offered, taken by a tap with one reload, and unsent work and a half note survive", async () => {
  await phone.enrol(town.link("C-01"));
  await phone.context.route("**/v1/sync", (route) => route.abort());
  await phone.page.getByRole("link", { name: /Cloración periódica/ }).click();
  await phone.tap("button", /Iniciar/);
  await phone.shows("En proceso");
  const order = phone.page.url();
  await phone.tap("link", /^Nota$/);
  await phone.page.getByRole("textbox").fill("A medio escri");
  await phone.tap("link", /Volver a la orden/);

  // The office's server starts again with the new build: nothing changes on the phone until it is told to.
  deploy();
  await town.stop();
  await town.serve();
  await phone.page.reload();
  await phone.shows("En proceso");
  expect(await isNew()).toBe(0);
  await phone.page.goto(`${town.url}/#/sends`);
  const offer = phone.page.getByRole("button", { name: /Hay una versión nueva de la app/ });
  await offer.waitFor();
  await phone.shot("update");
  let loads = 0;
  phone.page.on("load", () => { loads += 1; });
  await offer.click();
  await phone.page.locator(`meta[name="${MARK}"]`).waitFor({ state: "attached" });
  await phone.shows(/guardado aquí, sin enviar/);
  expect(loads).toBe(1);

  await phone.page.goto(`${order}/note`);
  await expect.poll(() => phone.page.getByRole("textbox").inputValue(), { timeout: 15_000 }).toBe("A medio escri");
  await phone.signal(false);
  await phone.page.reload();
  await phone.shows("¿Qué hay que saber?");
  expect(await isNew()).toBe(1);
  await phone.signal(true);
  await phone.context.unroute("**/v1/sync");
  await phone.page.goto(`${town.url}/#/sends`);
  await phone.tap("button", /enviar|Intentar/);
  await phone.shows("Nada sin enviar");
  expect(phone.troubles()).toEqual([]);
});

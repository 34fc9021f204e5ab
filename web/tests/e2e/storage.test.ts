// The phone's memory taken away: by another tab, by a full disk, by a cleaner. What is said is what is so.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { Phone } from "../phone";
import { Town } from "../town";

let town: Town;
let phone = new Phone();
let folio = "";

beforeAll(async () => { town = await Town.peopled(); });
afterAll(async () => { await town?.end(); });
afterEach(async () => {
  await phone.throwAway();
  phone = new Phone();
});

/** Enrols, and opens the order of the tank. */
async function inOrder(): Promise<void> {
  await phone.enrol(town.link("C-01"));
  await phone.page.getByRole("link", { name: /Cloración periódica/ }).click();
  await phone.page.getByRole("link", { name: "Nota", exact: true }).waitFor();
  folio = decodeURIComponent(phone.page.url().split("/").at(-1) ?? "");
}

async function note(text: string): Promise<void> {
  await phone.tap("link", /^Nota$/);
  await phone.page.getByRole("textbox").fill(text);
  await phone.tap("button", /Guardar nota/);
  await phone.page.getByRole("link", { name: text }).waitFor();
}

/** Returns a picture that does not get small: every point has its own colour. */
async function noise(): Promise<Buffer> {
  const made = await phone.page.evaluate(async () => {
    const canvas = new OffscreenCanvas(1200, 1200);
    const context = canvas.getContext("2d");
    const image = new ImageData(1200, 1200);
    for (let at = 0; at < image.data.length; at += 1) image.data[at] = at % 4 === 3 ? 255 : Math.random() * 256;
    context?.putImageData(image, 0, 0);
    const bytes = new Uint8Array(await (await canvas.convertToBlob({ type: "image/jpeg", quality: 0.9 })).arrayBuffer());
    return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  });
  return Buffer.from(made, "latin1");
}

async function officeNotes(): Promise<string[]> {
  town.crew("office", ["sync"]);
  const order = town.crew("office", ["order", "show", folio]) as { notes: { text: string }[] };
  return order.notes.map((one) => one.text);
}

test("one tab writes at a time: the other says so, and takes over when it is told to", async () => {
  await inOrder();
  await note("De la primera pestaña");
  const first = phone.page;
  const second = await phone.context.newPage();
  phone.use(second);
  await second.goto(`${town.url}/#/o/${folio}`);
  await phone.shows("La app está abierta en otra pestaña");
  await phone.shot("elsewhere");
  await phone.tap("button", /Usar aquí/);
  await phone.shows("De la primera pestaña");
  await first.getByText("La app está abierta en otra pestaña").waitFor();
  await note("De la segunda pestaña");
  await first.getByRole("button", { name: /Usar aquí/ }).click();
  await first.getByText("De la segunda pestaña").first().waitFor();
  await phone.shows("La app está abierta en otra pestaña");
  expect(phone.troubles()).toEqual([]);
});

test("a full phone refuses the photo in words, keeps what was written, and still saves a note", async () => {
  await inOrder();
  const picture = await noise();
  const tools = await phone.tools();
  const { usage } = (await phone.page.evaluate(() => navigator.storage.estimate())) as { usage: number };
  await tools.send("Storage.overrideQuotaForOrigin", { origin: town.url, quotaSize: usage + 64 * 1024 });
  await phone.tap("link", /^Foto$/);
  const chooser = phone.page.waitForEvent("filechooser");
  await phone.tap("button", /Tomar foto/);
  await (await chooser).setFiles({ name: "image.jpg", mimeType: "image/jpeg", buffer: picture });
  await phone.page.getByRole("alert").filter({ hasText: /espacio/ }).waitFor();
  await phone.shot("full");
  await phone.shows("Todavía no hay fotos");
  await phone.page.goto(`${town.url}/#/o/${folio}`);
  await note("Con el teléfono lleno");
  await phone.page.reload();
  await phone.shows("Con el teléfono lleno");
});

test("files that are cleaned while the app is open are told on the screen, and what is noted then still reaches the office", async () => {
  await inOrder();
  await phone.signal(false);
  await note("Antes de la limpieza");
  const tools = await phone.tools();
  await tools.send("Storage.clearDataForOrigin", { origin: town.url, storageTypes: "all" });
  await note("Después de la limpieza");
  await phone.page.getByRole("alert").filter({ hasText: "El navegador borró los archivos" }).waitFor();
  await phone.shot("gone");
  await phone.signal(true);
  await phone.page.goto(`${town.url}/#/sends`);
  await phone.shows("Nada sin enviar");
  expect(await officeNotes()).toEqual(expect.arrayContaining(["Antes de la limpieza", "Después de la limpieza"]));

  // The next opening has no ground for what was kept: it says so, and the phone can be enrolled again.
  const link = town.link("C-01");
  await phone.page.goto("about:blank");
  await phone.page.goto(link);
  await phone.shows("El teléfono borró el cuaderno de la app");
  await phone.tap("button", /Entendido, seguir/);
  await phone.tap("button", "Sí, entrar");
  await phone.tap("button", "Ver lo de hoy");
  await phone.page.getByRole("link", { name: /Cloración periódica/ }).click();
  await phone.shows("Después de la limpieza");
});

test("a phone whose memory was wiped while it was closed says that it cannot know what is lost", async () => {
  await inOrder();
  await phone.close();
  // The browser's own folder of the files of sites.
  rmSync(join(phone.profile, "Default", "File System"), { recursive: true });
  await phone.open(`${town.url}/`);
  await phone.shows("El teléfono borró el cuaderno de la app");
  await phone.shot("evicted");
  await phone.tap("button", /Entendido, seguir/);
  await phone.page.getByRole("heading", { name: "Hoy" }).waitFor();
});

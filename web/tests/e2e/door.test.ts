// The door, and the line to the office: what cannot work is told before any step, and each silence has its own sentence.
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { Phone } from "../phone";
import { Town } from "../town";

let town: Town;
let phone = new Phone();

beforeAll(async () => { town = await Town.peopled(); });
afterAll(async () => { await town?.end(); });
afterEach(async () => {
  await phone.throwAway();
  phone = new Phone();
});

test("an insecure address is told at the door, with what helps, and the invitation is not spent", async () => {
  const link = town.link("C-01");
  const insecure = link.replace(/\/\/[^/:]+:/, "//cuadrilla.test:");
  await phone.open(insecure, { flags: ["--host-resolver-rules=MAP cuadrilla.test 127.0.0.1"] });
  await phone.shows("Aquí no se puede entrar: la conexión no es segura");
  await phone.shows("Su invitación no se gastó.");
  await phone.shows(/https/);
  await phone.shot("insecure");
  expect(phone.page.url()).not.toContain("enrol");
  expect(await phone.page.getByRole("textbox").count()).toBe(0);
  await phone.close();
  await phone.enrol(link);
});

test("a browser that does not promise to keep the work still enrols, and goes on saying so", async () => {
  await phone.open(town.link("C-01"));
  await phone.page.evaluate(() => { navigator.storage.persist = () => Promise.resolve(false); });
  await phone.tap("button", "Sí, entrar");
  await phone.shows("Permiso de guardar: no concedido");
  await phone.shows(/si el teléfono se llena podría borrar/);
  await phone.shot("not-persistent");
  await phone.tap("button", "Ver lo de hoy");
  await phone.page.getByRole("heading", { name: "Hoy" }).waitFor();
  await phone.shows(/sin permiso de guardar/);
  await phone.page.goto(`${town.url}/#/sends`);
  await phone.shows(/no concedido: si el teléfono se llena/);
  const tools = await phone.tools();
  await tools.send("Browser.grantPermissions", { origin: town.url, permissions: ["durableStorage"] });
  await phone.page.reload();
  await phone.page.getByRole("listitem").filter({ hasText: "Permiso de guardar" }).getByText("concedido", { exact: true }).waitFor();
});

test("an invitation that was used says so, and enrols nobody", async () => {
  const link = town.link("C-01");
  await phone.enrol(link);
  await phone.throwAway();
  phone = new Phone();
  await phone.open(link);
  await phone.shows(/Esa invitación ya se usó|Esta invitación ya se usó/);
  await phone.shot("used");
  expect(await phone.page.getByRole("button", { name: "Sí, entrar" }).count()).toBe(0);
});

test("no signal, an office that is away, and another page that answers are three sentences; the work arrives after", async () => {
  await phone.enrol(town.link("C-01"));
  await phone.signal(false);
  await phone.page.getByRole("link", { name: /Cloración periódica/ }).click();
  await phone.tap("button", /Iniciar/);
  await phone.shows("En proceso");
  await phone.page.goto(`${town.url}/#/sends`);
  await phone.tap("button", /enviar|Intentar/);
  await phone.shows("No hay señal.");
  await town.stop();
  await phone.signal(true);
  await phone.shows("No se pudo llegar a la oficina.");
  await phone.context.route("**/v1/sync", (route) => route.fulfill({ status: 200, contentType: "text/html", body: "<h1>Compre su ficha</h1>" }));
  await phone.tap("button", /Intentar otra vez/);
  await phone.shows("Hay red, pero contestó otra página.");
  await phone.shows(/guardado aquí, sin enviar/);
  await phone.shot("foreign");
  await phone.context.unroute("**/v1/sync");
  await town.serve();
  await phone.tap("button", /Intentar otra vez/);
  await phone.shows("La oficina tiene todo lo de este teléfono, fotos también.");
  expect(phone.troubles()).toEqual([]);
});

test("a page of a portal is never kept as the app: without the true files nobody is enrolled", async () => {
  await phone.open("about:blank");
  await phone.context.route("**/assets/*.css", (route) => route.fulfill({ status: 200, contentType: "text/html", body: "<h1>Compre su ficha</h1>" }));
  const asked = phone.page.goto(town.link("C-01"));
  await asked;
  await phone.page.getByText("Aquí la app no abriría mañana sin señal").waitFor({ timeout: 40_000 });
  await phone.shot("not-kept");
  expect(await phone.page.getByRole("button", { name: "Sí, entrar" }).count()).toBe(0);
});

// Records made to break a screen: markup, letters that turn the direction, and too much of everything stay text in its place.
import { afterAll, beforeAll, expect, test } from "vitest";
import { Phone } from "../phone";
import { Town } from "../town";

const MARKUP = `<img src=x onerror="document.title='tomada'"><script>document.title='tomada'</script>`;
/** Turns the direction, and ends the isolation that a careful page would put around it. */
const TURNED = "\u2069\u202Eocot al ed euqnat\u2067\u202E";
const WIDE = "W".repeat(200);
const LONG = "Ñ".repeat(10_000);
const EMOJI = "👷🏽‍♀️ 🏳️‍🌈 Cuadrilla «Ñandú»";
const NARROW = { width: 320, height: 640 };

let town: Town;
let folio = "";
const phone = new Phone();

function enrolled(device: string, name: string): string {
  const { code } = town.crew("admin", ["invite", "--role", "crew", "--crew", "C-01"]);
  town.crew(device, ["enrol", town.url, String(code), "--name", name]);
  return device;
}

/** Writes all that is hostile, from devices with hostile names. Two of them make a conflict. */
beforeAll(async () => {
  town = await Town.peopled();
  const [marked, turned, emoji] = [enrolled("marked", MARKUP.slice(0, 60)), enrolled("turned", TURNED), enrolled("emoji", EMOJI)];
  const make = (title: string): string => String(town.crew("office", ["order", "new", "--kind", "chlorination", "--crew", "C-01", "--locality", "mezquitic", "--title", title]).folio);
  folio = make(MARKUP);
  for (const title of [TURNED, WIDE, EMOJI]) make(title);
  town.crew("office", ["sync"]);
  for (const device of [marked, turned, emoji]) {
    town.crew(device, ["sync"]);
    for (const text of [MARKUP, TURNED, LONG, WIDE, EMOJI]) town.crew(device, ["note", folio, text]);
    town.crew(device, ["measure", folio, "free_chlorine", "0.80", "mg/L", "--where", device === turned ? TURNED : WIDE.slice(0, 80)]);
  }
  town.crew(marked, ["set", folio, "tank", MARKUP.slice(0, 80)]);
  town.crew(emoji, ["set", folio, "tank", TURNED]);
  town.crew(turned, ["set", folio, "reagent_lot", WIDE.slice(0, 40)]);
  for (const device of [marked, turned, emoji]) town.crew(device, ["sync"]);
  await phone.enrol(town.link("C-01"));
  await phone.page.setViewportSize(NARROW);
});
afterAll(async () => {
  await phone.throwAway();
  await town?.end();
});

/** Goes to a screen with a fresh page, so that nothing of the last one is in the way. */
async function look(hash: string, has: string | RegExp): Promise<void> {
  await phone.page.goto(`${town.url}/${hash}`);
  await phone.shows(has);
}

type Found = { wide: string[]; made: string[]; turned: string[] };

/** Returns what is wider than the screen, and elements that text has become. */
function shapes(): Pick<Found, "wide" | "made"> {
  const width = document.documentElement.clientWidth;
  const isOut = (element: Element): boolean => element.getBoundingClientRect().right > width + 1 || element.getBoundingClientRect().left < -1;
  const isScrolled = (element: Element): boolean => element.closest(".scroll") !== null;
  const about = (element: Element): string => `${element.tagName}.${element.className}: ${(element.textContent ?? "").slice(0, 40)}`;
  const drawn = [...document.querySelectorAll("#app *")].filter((element) => !(element instanceof SVGElement) && !isScrolled(element));
  const made = [...document.querySelectorAll("#app :is(img:not([src^='blob:']), script, iframe, object)")].map(about);
  return { wide: drawn.filter(isOut).map(about).slice(0, 5), made };
}

/** Returns lines with words of ours that do not run from left to right. `hostile` itself may run as it likes. */
function turnedLines(hostile: string): string[] {
  const turned: string[] = [];
  const range = document.createRange();
  for (const block of document.querySelectorAll("#app :is(p, h1, h2, li > span, label, dd, td)")) {
    const walk = document.createTreeWalker(block, NodeFilter.SHOW_TEXT);
    let last = { top: -1, left: -1 };
    for (let node = walk.nextNode(); node; node = walk.nextNode()) {
      const text = (node.nodeValue ?? "").replaceAll(hostile, "\0".repeat(hostile.length));
      for (const letter of text.matchAll(/[A-Za-z0-9]/g)) {
        range.setStart(node, letter.index);
        range.setEnd(node, letter.index + 1);
        const { top, left } = range.getBoundingClientRect();
        if (top === last.top && left < last.left) turned.push((block.textContent ?? "").slice(0, 60));
        last = { top, left };
      }
    }
  }
  return [...new Set(turned)];
}

async function faults(): Promise<Found> {
  return { ...(await phone.page.evaluate(shapes)), turned: await phone.page.evaluate(turnedLines, TURNED) };
}

const SCREENS: [name: string, hash: () => string, has: string | RegExp][] = [
  ["today", () => "#/", /ocot al ed euqnat/],
  ["order", () => `#/o/${folio}`, "Decide el despacho."],
  ["history", () => `#/o/${folio}/history`, "Historia"],
  ["note", () => `#/o/${folio}/note`, "¿Qué hay que saber?"],
  ["explain", () => `#/o/${folio}/explain/tank`, "¿Cómo lo sabe?"],
  ["pad", () => `#/o/${folio}/line/measure:free_chlorine`, "Escriba la lectura"],
  ["finish", () => `#/o/${folio}/finish`, /Tanque o depósito\u2069?: dos valores/],
  ["search", () => `#/?q=${encodeURIComponent("<img src=x>")}`, "Ninguna orden así"],
  ["same", () => "#/new/chlorination/mezquitic", "Ya hay una igual abierta aquí:"],
  ["wrong", () => `#/o/${encodeURIComponent(MARKUP)}`, "Volver a Hoy"],
];

test.each(SCREENS)("%s: hostile text is text, in its direction and within 320 px", async (name, hash, has) => {
  await look(hash(), has);
  await phone.shot(`hostile-${name}`);
  expect(await faults()).toEqual({ wide: [], made: [], turned: [] });
  expect(await phone.page.title()).not.toBe("tomada");
  expect(phone.troubles()).toEqual([]);
});

test("what is hostile stands letter by letter as it was written, and can be corrected", async () => {
  await look(`#/o/${folio}`, "Decide el despacho.");
  for (const text of [MARKUP, LONG, WIDE, EMOJI]) {
    const notes = phone.page.locator("#app .line-v").getByText(text, { exact: true });
    expect(await notes.count()).toBeGreaterThanOrEqual(3);
  }
  await phone.page.getByRole("link", { name: EMOJI }).first().click();
  await phone.shows("Corregir");
  await phone.shot("hostile-fix");
  expect(await faults()).toEqual({ wide: [], made: [], turned: [] });
});

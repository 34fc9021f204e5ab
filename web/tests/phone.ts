// Phone: the app in a real Chromium with a profile of its own, as a crew member has it in the hand.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, type BrowserContext, type Page } from "playwright-core";

const CHROMIUM = process.env.CUADRILLA_CHROMIUM ?? "/usr/bin/chromium";
const SCREEN = { width: 360, height: 740 };
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--no-first-run"];

export class Phone {
  readonly profile = mkdtempSync(join(tmpdir(), "cuadrilla-phone-"));
  /** What the browser reported: refusals of the content security policy, errors of scripts. */
  readonly complaints: string[] = [];
  #context: BrowserContext | null = null;
  #page: Page | null = null;
  #taps = 0;

  get page(): Page {
    if (!this.#page) throw new Error("the phone is off");
    return this.#page;
  }

  /** Opens the app. */
  async open(url: string, lang = "es-MX"): Promise<void> {
    this.#context = await chromium.launchPersistentContext(this.profile, {
      executablePath: CHROMIUM, headless: true, args: FLAGS, viewport: SCREEN, locale: lang, hasTouch: true, isMobile: true,
    });
    this.#page = this.#context.pages()[0] ?? (await this.#context.newPage());
    this.#page.on("console", (message) => {
      if (message.type() === "error") this.complaints.push(message.text());
    });
    this.#page.on("pageerror", (error) => this.complaints.push(String(error)));
    await this.#page.goto(url);
  }

  /** Turns signal off or on. */
  async signal(isThere: boolean): Promise<void> {
    await this.#context?.setOffline(!isThere);
  }

  /** Ends the browser as a phone does that is switched off in order. */
  async close(): Promise<void> {
    await this.#context?.close();
    this.#context = null;
    this.#page = null;
  }

  async throwAway(): Promise<void> {
    await this.close();
    rmSync(this.profile, { recursive: true, force: true });
  }

  /** Taps what has that role and name, and counts it. */
  async tap(role: "button" | "link" | "radio", name: string | RegExp): Promise<void> {
    this.#taps += 1;
    await this.page.getByRole(role, { name }).first().click();
  }

  /** Returns the taps since this was last asked. */
  taps(): number {
    const taps = this.#taps;
    this.#taps = 0;
    return taps;
  }

  /** Enrols with a link, and waits for the day's screen. */
  async enrol(link: string): Promise<void> {
    await this.open(link);
    await this.tap("button", "Sí, entrar");
    await this.tap("button", "Ver lo de hoy");
    await this.page.getByRole("heading", { name: "Hoy" }).waitFor();
  }
}

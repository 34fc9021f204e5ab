// Phone: the app in a real Chromium with a profile of its own, as a crew member has it in the hand.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium, type BrowserContext, type CDPSession, type Page } from "playwright-core";

const CHROMIUM = process.env.CUADRILLA_CHROMIUM ?? "/usr/bin/chromium";
/** A folder for pictures of the screens; without it none are made. */
const SHOTS = process.env.CUADRILLA_SHOTS;
const SCREEN = { width: 360, height: 740 };
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--no-first-run"];

type Opening = { lang?: string; flags?: string[] };
type Said = { ok: boolean; value?: unknown; fault?: { code: string } };
type Role = "button" | "link" | "radio";

/** Keeps the app's worker where a test can ask it: what it answers is what the screens are drawn from. */
function keepWorker(): void {
  const scope = globalThis as unknown as { Worker: typeof Worker; appWorker?: Worker };
  scope.Worker = class extends Worker {
    constructor(...given: ConstructorParameters<typeof Worker>) {
      super(...given);
      scope.appWorker = this;
    }
  };
}

/** Asks the app's worker, beside the page. */
function askWorker([name, args]: [string, object]): Promise<Said> {
  const worker = (globalThis as unknown as { appWorker: Worker }).appWorker;
  const id = `test-${Math.random()}`;
  return new Promise((resolve) => {
    const hear = (event: MessageEvent<{ id?: unknown; result: Said }>): void => {
      if (event.data.id !== id) return;
      worker.removeEventListener("message", hear);
      resolve(event.data.result);
    };
    worker.addEventListener("message", hear);
    worker.postMessage({ id, name, args });
  });
}

export class Phone {
  readonly profile = mkdtempSync(join(tmpdir(), "cuadrilla-phone-"));
  /** What the browser reported: refusals of the content security policy, errors of scripts. */
  readonly complaints: string[] = [];
  #context: BrowserContext | null = null;
  #page: Page | null = null;
  #taps = 0;
  #exchanges = 0;

  get context(): BrowserContext {
    if (!this.#context) throw new Error("the phone is off");
    return this.#context;
  }

  get page(): Page {
    if (!this.#page) throw new Error("the phone is off");
    return this.#page;
  }

  /** Opens the app. */
  async open(url: string, { lang = "es-MX", flags = [] }: Opening = {}): Promise<void> {
    this.#context = await chromium.launchPersistentContext(this.profile, {
      executablePath: CHROMIUM, headless: true, args: [...FLAGS, ...flags], viewport: SCREEN, locale: lang, hasTouch: true, isMobile: true,
    });
    await this.#context.addInitScript(keepWorker);
    this.#context.on("request", (request) => {
      if (new URL(request.url()).pathname === "/v1/sync") this.#exchanges += 1;
    });
    this.use(this.#context.pages()[0] ?? (await this.#context.newPage()));
    this.#context.setDefaultTimeout(15_000);
    await this.page.goto(url);
  }

  /** Looks at another tab from now on. */
  use(page: Page): void {
    this.#page = page;
    page.on("console", (message) => {
      if (message.type() === "error") this.complaints.push(message.text());
    });
    page.on("pageerror", (error) => this.complaints.push(String(error)));
  }

  /** Returns the complaints that are not of a network that was taken away on purpose. */
  troubles(): string[] {
    return this.complaints.filter((one) => !/net::ERR_(INTERNET_DISCONNECTED|CONNECTION_REFUSED|FAILED)/.test(one));
  }

  /** Turns signal off or on. */
  async signal(isThere: boolean): Promise<void> {
    await this.context.setOffline(!isThere);
  }

  /** Ends the browser as a phone does that is switched off in order. */
  async close(): Promise<void> {
    await this.#context?.close();
    this.#context = null;
    this.#page = null;
  }

  /** Ends every process of this phone's browser with `kill -9`, and waits until they are gone. */
  async kill(): Promise<void> {
    const closed = new Promise((gone) => this.context.once("close", gone));
    for (const pid of processesOf(this.profile)) {
      try { process.kill(pid, "SIGKILL"); } catch { /* It went with its parent. */ }
    }
    await closed;
    this.#context = null;
    this.#page = null;
  }

  async throwAway(): Promise<void> {
    await this.close();
    rmSync(this.profile, { recursive: true, force: true, maxRetries: 5 });
  }

  /** Taps what has that role and name, and counts it. */
  async tap(role: Role, name: string | RegExp): Promise<void> {
    this.#taps += 1;
    await this.page.getByRole(role, { name }).first().click();
  }

  /** Returns the taps since this was last asked. */
  taps(): number {
    const taps = this.#taps;
    this.#taps = 0;
    return taps;
  }

  /** Returns the round trips to the office since this was last asked. */
  exchanges(): number {
    const exchanges = this.#exchanges;
    this.#exchanges = 0;
    return exchanges;
  }

  /** Types a number on the app's own keys. */
  async keys(number: string): Promise<void> {
    for (const key of number) await this.page.getByRole("button", { name: key === "." ? "punto decimal" : key, exact: true }).click();
  }

  /** Returns when this text is on the screen. */
  async shows(text: string | RegExp): Promise<void> {
    await this.page.getByText(text).first().waitFor();
  }

  /** Asks the open core; fails if it refuses. */
  async ask(name: string, args: object = {}): Promise<unknown> {
    const said = await this.page.evaluate(askWorker, [name, args] as [string, object]);
    if (!said.ok) throw new Error(`${name}: ${JSON.stringify(said.fault)}`);
    return said.value;
  }

  /** The browser's own door, for what no page can do. */
  async tools(): Promise<CDPSession> {
    return this.context.newCDPSession(this.page);
  }

  async shot(name: string): Promise<void> {
    if (SHOTS) await this.page.screenshot({ path: join(SHOTS, `${name}.png`), fullPage: true });
  }

  /** Enrols with a link, and waits for the day's screen. */
  async enrol(link: string, opening: Opening = {}): Promise<void> {
    await this.open(link, opening);
    await this.tap("button", "Sí, entrar");
    await this.tap("button", "Ver lo de hoy");
    await this.page.getByRole("heading", { name: "Hoy" }).waitFor();
  }
}

/** Returns the processes of the browser with this profile: the one that names it, and all below it. */
function processesOf(profile: string): number[] {
  const all = readdirSync("/proc").filter((name) => /^\d+$/.test(name)).map((name) => ({ pid: Number(name), ...about(name) }));
  const found = new Set(all.filter((one) => one.line.includes(`--user-data-dir=${profile}`)).map((one) => one.pid));
  for (let before = -1; before !== found.size;) {
    before = found.size;
    for (const one of all) if (found.has(one.parent)) found.add(one.pid);
  }
  return [...found];
}

function about(pid: string): { line: string; parent: number } {
  try {
    const line = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return { line, parent: Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]) };
  } catch {
    return { line: "", parent: 0 };
  }
}

// Town: a municipality in a folder of its own, with the built programs: its server, and devices of the command line.
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";

const ROOT = resolve(import.meta.dirname, "../..");
const PROGRAMS = process.env.CUADRILLA_PROGRAMS ?? join(ROOT, "target/debug");
/** The app as it was built. */
export const DIST = join(ROOT, "web/dist");

type Json = Record<string, unknown>;

export class Town {
  readonly folder = mkdtempSync(join(tmpdir(), "cuadrilla-e2e-"));
  port = 0;
  #server: ChildProcess | null = null;
  readonly #app: string;

  /** `app`: the folder of the built app. */
  private constructor(app: string) {
    this.#app = app;
  }

  get url(): string {
    return `http://localhost:${this.port}`;
  }

  /** A municipality with an administrator, a dispatcher and the example's orders. */
  static async peopled(app = DIST): Promise<Town> {
    const town = new Town(app);
    const made = town.#run("cuadrilla-server", ["--json", "init", "--municipality", "14061", "--name", "Mezquitic", "--data", join(town.folder, "server")]);
    await town.serve();
    town.crew("admin", ["enrol", town.url, String(made.admin_code), "--name", "admin"]);
    const { code } = town.crew("admin", ["invite", "--role", "dispatcher"]);
    town.crew("office", ["enrol", town.url, String(code), "--name", "Despacho"]);
    town.crew("office", ["import", join(ROOT, "schemas/examples/mezquitic.yaml")]);
    town.crew("office", ["sync"]);
    return town;
  }

  async serve(): Promise<void> {
    const args = ["--json", "serve", "--listen", `127.0.0.1:${this.port}`, "--data", join(this.folder, "server"), "--web", this.#app];
    const server = spawn(join(PROGRAMS, "cuadrilla-server"), args, { stdio: ["ignore", "pipe", "inherit"] });
    this.#server = server;
    const lines = createInterface({ input: server.stdout });
    const first = await new Promise<string>((said, failed) => {
      lines.once("line", said);
      server.once("exit", (code) => failed(new Error(`the server ended with ${code}`)));
    });
    const { listening } = JSON.parse(first) as { listening: string };
    this.port = Number(new URL(listening).port);
  }

  /** Ends the server with no warning. */
  async stop(): Promise<void> {
    const server = this.#server;
    if (!server) return;
    this.#server = null;
    const gone = new Promise((ended) => server.once("exit", ended));
    server.kill("SIGKILL");
    await gone;
  }

  /** Runs a command of a device; returns what it answers. */
  crew(device: string, args: string[]): Json {
    return this.#run("crew", ["--json", "--home", join(this.folder, device), ...args]);
  }

  /** Makes an invitation to a crew; returns its link as this machine's browser opens it. */
  link(crew: string): string {
    const made = this.crew("admin", ["invite", "--role", "crew", "--crew", crew]);
    return String(made.link);
  }

  async end(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #run(program: string, args: string[]): Json {
    return JSON.parse(execFileSync(join(PROGRAMS, program), args, { encoding: "utf8" })) as Json;
  }
}

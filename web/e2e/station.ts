// A station of its own for the browser tests: the real program with a demo day in a directory that
// is removed afterwards. It is ended by its process id and by nothing else.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

/** How much faster than life the simulated people are. */
const PACE = "20";
/** How long a start may take. */
const START_MS = 20_000;
/** How long an orderly stop may take before it counts as a fault. */
const STOP_MS = 15_000;

const PROGRAM = resolve(process.env["NSK"] ?? join(import.meta.dirname, "../../target/debug/nsk"));

export class Station {
  readonly origin: string;
  private process: ChildProcess | undefined;
  private output = "";

  private constructor(private readonly data: string, port: number) {
    this.origin = `http://127.0.0.1:${port}`;
  }

  static async start(): Promise<Station> {
    if (!existsSync(PROGRAM)) throw new Error(`${PROGRAM} is missing: cargo build --workspace --bin nsk`);
    const station = new Station(await mkdtemp(join(tmpdir(), "nsk-e2e-")), await freePort());
    await station.run();
    return station;
  }

  /** Starts the program, on the same data and port each time. */
  async run(): Promise<void> {
    const listen = this.origin.replace("http://", "");
    const child = spawn(PROGRAM, ["demo", "--data", this.data, "--listen", listen, "--pace", PACE], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.process = child;
    const running = new Promise<void>((done, fail) => {
      const timer = setTimeout(() => fail(new Error(`no start within ${START_MS} ms: ${this.output}`)), START_MS);
      const read = (text: Buffer): void => {
        this.output += text.toString();
        if (this.output.includes("sign in:")) done(clearTimeout(timer));
      };
      this.output = "";
      child.stdout.on("data", read);
      child.stderr.on("data", read);
      child.once("error", fail);
      child.once("exit", (code, signal) => fail(new Error(`ended with ${code ?? signal}: ${this.output}`)));
    });
    await running;
  }

  /** The power goes: nothing is said and nothing is tidied up. */
  async kill(): Promise<void> {
    const child = this.process;
    if (!child) return;
    const ended = once(child, "exit");
    child.kill("SIGKILL");
    await ended;
    this.process = undefined;
  }

  /** Stops the program in order and removes its data. Throws when it did not end well. */
  async stop(): Promise<void> {
    const child = this.process;
    this.process = undefined;
    let fault: string | undefined;
    if (child) {
      const ended = once(child, "exit");
      const timer = setTimeout(() => {
        fault = `no stop within ${STOP_MS} ms`;
        child.kill("SIGKILL");
      }, STOP_MS);
      child.kill("SIGTERM");
      const [code, signal] = (await ended) as [number | null, string | null];
      clearTimeout(timer);
      if (code !== 0) fault ??= `ended with ${code ?? signal}: ${this.output}`;
    }
    await rm(this.data, { recursive: true, force: true });
    if (fault !== undefined) throw new Error(fault);
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

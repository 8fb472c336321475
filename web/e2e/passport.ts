// A passport of its own for the browser tests: the real program with an administrator, people and
// registries that the command line made, in a directory that is removed afterwards. It is ended by
// its process id and by nothing else.
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const START_MS = 20_000;
const STOP_MS = 15_000;
const PROGRAM = resolve(process.env["NSK"] ?? join(import.meta.dirname, "../../target/debug/nsk"));

export const ADMIN = "petrova.pp@nark.example";
export const EXPERT = "ivanova.ii@nark.example";
export const PASSWORD = "correct horse battery staple";
const CENTRE = "org/coc-12@nark.example";

export class Passport {
  private constructor(
    readonly origin: string,
    private readonly dir: string,
    private readonly process: ChildProcess,
  ) {}

  static async start(): Promise<Passport> {
    const dir = await mkdtemp(join(tmpdir(), "nsk-passport-"));
    const port = await freePort();
    // Passkeys are bound to a name: an address of numbers has none.
    const origin = `http://localhost:${port}`;
    const config = join(dir, "nsk.toml");
    await writeFile(config, `[passport]\nissuer = "${origin}"\n`);
    const place = ["--config", config, "--data", join(dir, "data")];
    const nsk = (...words: string[]): void => {
      const done = spawnSync(PROGRAM, [...words, ...place], { input: `${PASSWORD}\n`, encoding: "utf8" });
      if (done.status !== 0) throw new Error(`${words.join(" ")}: ${done.stdout}${done.stderr}`);
    };
    nsk("migrate");
    nsk("identity", "init", "--upn", ADMIN, "--name", "Петрова Полина Петровна");
    nsk("identity", "org", "add", CENTRE, "--name", "Центр оценки квалификаций № 12", "--ogrn", "1027700132195");
    nsk("identity", "user", "add", "--upn", EXPERT, "--name", "Иванова Ирина Ивановна", "--role", "expert");
    nsk("identity", "user", "grant", EXPERT, "operator", "--org", CENTRE, "--days", "365");
    nsk("identity", "group", "add", "coc-12/expert", "--title", "Эксперты ЦОК 12");
    nsk("identity", "service", "add", "mak/mak-07", "--name", "МАК 7", "--requires", '{"roles": ["expert"]}');
    nsk("identity", "client", "add", "portal", "--name", "Портал ЦОК", "--kind", "confidential",
      "--redirect", "https://portal.example/back", "--audience", "mak/mak-07");
    const listen = origin.replace("http://localhost", "127.0.0.1");
    const child = spawn(PROGRAM, ["serve", "--listen", listen, ...place], { stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    const read = (text: Buffer): void => void (output += text.toString());
    child.stdout.on("data", read);
    child.stderr.on("data", read);
    const until = Date.now() + START_MS;
    for (;;) {
      if (child.exitCode !== null) throw new Error(`ended with ${child.exitCode}: ${output}`);
      if (await fetch(`${origin}/readyz`).then((r) => r.ok, () => false)) break;
      if (Date.now() > until) throw new Error(`no start within ${START_MS} ms: ${output}`);
      await new Promise((done) => setTimeout(done, 50));
    }
    return new Passport(origin, dir, child);
  }

  /** Stops the program in order and removes its data. */
  async stop(): Promise<void> {
    const ended = once(this.process, "exit");
    const timer = setTimeout(() => this.process.kill("SIGKILL"), STOP_MS);
    this.process.kill("SIGTERM");
    const [code, signal] = (await ended) as [number | null, string | null];
    clearTimeout(timer);
    await rm(this.dir, { recursive: true, force: true });
    if (code !== 0) throw new Error(`ended with ${code ?? signal}`);
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

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { canonical, digest } from "./canon.ts";
import { LiveClient, POLL_MS, TICK_MS, type ClientHandlers } from "./client.ts";
import type { WireEvents } from "./events.ts";
import { mergePatch } from "./fold.ts";
import type { JsonObject } from "./frames.ts";
import type { Entry, Posted, Store } from "./queue.ts";
import type { WireSocket } from "./socket.ts";

const STREAM = "exam:42";
/** Steps that the server can still send to a client that resumes. */
const KEPT = 20;

/** A server with one stream: numbers, patches, digests, idempotent commands. */
class Server {
  state: JsonObject = { phase: "theory_running", answers: {} };
  seq = 1;
  epoch = "e1";
  log: { seq: number; text: string }[] = [];
  seen = new Map<string, number>();
  applied: string[] = [];
  connections = new Set<Connection>();

  change(d: JsonObject): void {
    this.state = mergePatch(this.state, d);
    this.seq += 1;
    const frame = { t: "ev", s: STREAM, seq: this.seq, at: 0, kind: "k", by: "system", h: `h${this.seq}`, d };
    this.log.push({ seq: this.seq, text: JSON.stringify(frame) });
    for (const c of this.connections) if (c.following) c.push(JSON.stringify(frame));
  }
  apply(cmd: string, n: string): { seq: number; dup: boolean; epoch: string } {
    const known = this.seen.get(cmd);
    if (known !== undefined) return { seq: known, dup: true, epoch: this.epoch };
    this.change({ answers: { [n]: true } });
    this.seen.set(cmd, this.seq);
    this.applied.push(n);
    return { seq: this.seq, dup: false, epoch: this.epoch };
  }
  dig(): string {
    return JSON.stringify({ t: "dig", s: STREAM, seq: this.seq, d: digest(this.state) });
  }
  snap(): string {
    return JSON.stringify({ t: "snap", s: STREAM, epoch: this.epoch, seq: this.seq, hash: `h${this.seq}`, v: 1, state: this.state });
  }
}

/** One socket with a bad line: frames are lost, doubled and swapped at random. */
class Connection implements WireSocket {
  onopen: WireSocket["onopen"] = null;
  onmessage: WireSocket["onmessage"] = null;
  onclose: WireSocket["onclose"] = null;
  onerror: WireSocket["onerror"] = null;
  following = false;
  closed = false;
  private waiting: string[] = [];

  constructor(private server: Server, private random: () => number, private bad: () => boolean) {
    server.connections.add(this);
    queueMicrotask(() => this.onopen?.());
  }
  push(text: string): void {
    if (this.bad() && this.random() < 0.1) return;
    this.waiting.push(text);
    if (this.bad() && this.random() < 0.1) this.waiting.push(text);
    if (this.bad() && this.random() < 0.1) this.waiting.reverse();
    if (!this.bad() || this.random() < 0.6) this.flush();
  }
  flush(): void {
    const text = this.waiting.splice(0).join("\n");
    if (text && !this.closed) this.onmessage?.({ data: text });
  }
  send(text: string): void {
    const m = JSON.parse(text) as Record<string, unknown> & { resume?: { seq: number; epoch: string }[] };
    if (this.bad() && m["t"] !== "hello" && this.random() < 0.1) return;
    if (m["t"] === "hello") {
      this.onmessage?.({ data: JSON.stringify({ t: "welcome", id: m["id"], sess: "s", ping: 20, now: Date.now() }) });
      const [from] = m.resume ?? [];
      if (from) this.resume(from);
    } else if (m["t"] === "sub" || m["t"] === "resync") {
      this.following = true;
      this.push(this.server.snap());
      this.push(this.server.dig());
    } else if (m["t"] === "dig") this.push(this.server.dig());
    else if (m["t"] === "cmd") {
      const result = this.server.apply(String(m["cmd"]), String((m["body"] as { n: number }).n));
      this.push(JSON.stringify({ t: "ack", id: m["id"], cmd: m["cmd"], ...result }));
    }
  }
  private resume(from: { seq: number; epoch: string }): void {
    this.following = true;
    const recovered = from.epoch === this.server.epoch && this.server.seq - from.seq <= KEPT;
    this.push(JSON.stringify({ t: "sub", s: STREAM, recovered, epoch: this.server.epoch, seq: this.server.seq }));
    if (recovered) for (const e of this.server.log) if (e.seq > from.seq) this.push(e.text);
    if (!recovered) this.push(this.server.snap());
    this.push(this.server.dig());
  }
  break(code = 1006): void {
    this.close();
    this.onclose?.({ code, reason: "" });
  }
  close(): void {
    this.closed = true;
    this.server.connections.delete(this);
  }
}

class FakeEvents implements WireEvents {
  listeners = new Map<string, (event: { data?: unknown }) => void>();
  readyState = 0;
  closed = false;
  addEventListener(name: string, listener: (event: { data?: unknown }) => void): void {
    this.listeners.set(name, listener);
  }
  close(): void {
    this.closed = true;
  }
  say(name: string, data?: string): void {
    this.listeners.get(name)?.({ data });
  }
}

function memory(): Store {
  const map = new Map<string, string>();
  return {
    get length() {
      return map.size;
    },
    key: (i) => [...map.keys()][i] ?? null,
    getItem: (key) => map.get(key) ?? null,
    setItem: (key, value) => void map.set(key, value),
    removeItem: (key) => void map.delete(key),
  };
}

let seed: number;
const random = (): number => (seed = (seed * 16807) % 2147483647) / 2147483647;
const quiet: ClientHandlers = { stream: () => undefined, changed: () => undefined, settled: () => undefined, auth: () => undefined };

beforeEach(() => {
  vi.useFakeTimers();
  seed = 7;
});
afterEach(() => vi.useRealTimers());

describe("LiveClient", () => {
  it("survives 300 reconnects over a bad line: same state, no command lost or doubled", async () => {
    const server = new Server();
    let bad = true;
    let connection: Connection | undefined;
    const client = new LiveClient(
      7,
      {
        openSocket: () => (connection = new Connection(server, random, () => bad)),
        openEvents: () => new FakeEvents(),
        post: () => Promise.resolve({ kind: "failed" }),
        store: memory(),
        random,
      },
      quiet,
    );
    const stream = client.follow(STREAM);
    client.start();
    let wrong = 0;
    for (let round = 0; round < 300; round += 1) {
      for (let i = 0; i < 3; i += 1) {
        server.change({ [`f${Math.floor(random() * 5)}`]: round });
        if (random() < 0.2) client.command(STREAM, { type: "a", n: round * 3 + i });
        await vi.advanceTimersByTimeAsync(random() * 400);
        const { fold } = stream;
        const live = client.trust(STREAM).kind === "live";
        // What is called live and whole at the server's own number must be the server's state.
        if (live && fold.seq === server.seq && canonical(fold.state) !== canonical(server.state)) wrong += 1;
      }
      connection?.break();
      await vi.advanceTimersByTimeAsync(random() * 900);
    }
    bad = false;
    for (let i = 0; i < 120; i += 1) {
      await vi.advanceTimersByTimeAsync(1_000);
      for (const c of server.connections) {
        c.push(server.dig());
        c.push('{"t":"ping"}');
      }
    }
    expect(wrong).toBe(0);
    expect(canonical(stream.fold.state)).toBe(canonical(server.state));
    expect(client.trust(STREAM)).toEqual({ kind: "live", verifiedSeq: server.seq });
    expect(client.queue.size()).toBe(0);
    expect(new Set(server.applied).size).toBe(server.applied.length);
    expect(server.applied.length).toBeGreaterThan(50);
    // The line was bad indeed: gaps were noticed, and each led to a resync.
    expect(stream.fold.health.gaps).toBeGreaterThan(20);
    client.stop();
  });

  it("falls back to server-sent events and POST, and back to the socket", async () => {
    const server = new Server();
    let blocked = true;
    const sources: FakeEvents[] = [];
    const posts: Entry[] = [];
    const client = new LiveClient(
      7,
      {
        openSocket: () => {
          const c = new Connection(server, random, () => false);
          if (blocked) queueMicrotask(() => c.break());
          return c;
        },
        openEvents: () => {
          const source = new FakeEvents();
          sources.push(source);
          return source;
        },
        post: (entry): Promise<Posted> => {
          posts.push(entry);
          return Promise.resolve({ kind: "ack", frame: { t: "ack", cmd: entry.cmd, ...server.apply(entry.cmd, String(entry.body["n"])) } });
        },
        store: memory(),
        random,
      },
      quiet,
    );
    // A socket that opens and breaks at once never says welcome.
    const opened = Connection.prototype.send;
    Connection.prototype.send = function (text: string) {
      if (!blocked) opened.call(this, text);
    };
    client.follow(STREAM);
    client.start();
    client.command(STREAM, { type: "a", n: 1 });
    await vi.advanceTimersByTimeAsync(30_000);
    expect(posts).toHaveLength(1);
    expect(client.queue.size()).toBe(0);
    expect(sources).toHaveLength(1);
    const [source] = sources;
    source?.say("open");
    source?.say("snap", server.snap());
    source?.say("dig", server.dig());
    expect(client.channel).toBe("events");
    expect(client.trust(STREAM).kind).toBe("live");
    expect(canonical(client.streams.get(STREAM)?.fold.state)).toBe(canonical(server.state));
    blocked = false;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(client.channel).toBe("socket");
    expect(source?.closed).toBe(true);
    Connection.prototype.send = opened;
    client.stop();
  });

  it("asks for the state by plain HTTP when nothing can push it, and never calls that live", async () => {
    const server = new Server();
    let asked = 0;
    const client = new LiveClient(
      7,
      {
        openSocket: () => {
          const c = new Connection(server, random, () => false);
          c.send = () => undefined;
          queueMicrotask(() => c.break());
          return c;
        },
        openEvents: () => new FakeEvents(),
        post: () => Promise.resolve({ kind: "failed" }),
        fetchState: () => {
          asked += 1;
          const { epoch, seq, state } = server;
          return Promise.resolve(asked === 1 ? undefined : { snap: { epoch, seq, hash: `h${seq}`, state } });
        },
        store: memory(),
        random,
      },
      quiet,
    );
    const stream = client.follow(STREAM);
    client.start();
    await vi.advanceTimersByTimeAsync(60_000);
    server.change({ phase: "theory_scored" });
    expect(canonical(stream.fold.state)).not.toBe(canonical(server.state));
    await vi.advanceTimersByTimeAsync(POLL_MS + TICK_MS);
    expect(canonical(stream.fold.state)).toBe(canonical(server.state));
    const trust = client.trust(STREAM);
    expect(trust.kind).toBe("stale");
    expect(Date.now() - (trust.kind === "stale" ? trust.since : 0)).toBeLessThanOrEqual(POLL_MS + TICK_MS);
    expect(asked).toBeLessThanOrEqual(70_000 / POLL_MS);
    client.stop();
  });

  it("says stale at once when the line is cut, and since when", async () => {
    const server = new Server();
    let connection: Connection | undefined;
    const client = new LiveClient(
      7,
      { openSocket: () => (connection = new Connection(server, random, () => false)), openEvents: () => new FakeEvents(), post: () => Promise.resolve({ kind: "failed" }), store: memory(), random: () => 1 },
      quiet,
    );
    client.follow(STREAM);
    client.start();
    await vi.advanceTimersByTimeAsync(100);
    expect(client.trust(STREAM).kind).toBe("live");
    const cut = Date.now();
    connection?.break();
    expect(client.trust(STREAM)).toEqual({ kind: "stale", since: cut });
    await vi.advanceTimersByTimeAsync(200);
    expect(client.trust(STREAM)).toEqual({ kind: "stale", since: cut });
    client.stop();
  });

  it("is catching up, not live, while changes go unconfirmed by a digest", async () => {
    const server = new Server();
    const client = new LiveClient(
      7,
      { openSocket: () => new Connection(server, random, () => false), openEvents: () => new FakeEvents(), post: () => Promise.resolve({ kind: "failed" }), store: memory() },
      quiet,
    );
    client.follow(STREAM);
    client.start();
    await vi.advanceTimersByTimeAsync(100);
    const dig = server.dig.bind(server);
    server.dig = () => '{"t":"ping"}';
    server.change({ a: 1 });
    await vi.advanceTimersByTimeAsync(20_000);
    expect(client.trust(STREAM).kind).toBe("catching_up");
    server.dig = dig;
    await vi.advanceTimersByTimeAsync(20_000);
    expect(client.trust(STREAM)).toEqual({ kind: "live", verifiedSeq: server.seq });
    client.stop();
  });
});

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  ANSWER_MS, CommandQueue, QUEUE_ENTRIES_MAX, QueueFull, SOCKET_WAIT_MS,
  type Entry, type Outcome, type Posted, type Store,
} from "./queue.ts";
import { uuidv7 } from "./uuid.ts";

class MemoryStore implements Store {
  map = new Map<string, string>();
  full = false;
  get length(): number {
    return this.map.size;
  }
  key(i: number): string | null {
    return [...this.map.keys()][i] ?? null;
  }
  getItem(key: string): string | null {
    return this.map.get(key) ?? null;
  }
  setItem(key: string, value: string): void {
    if (this.full) throw new DOMException("full", "QuotaExceededError");
    this.map.set(key, value);
  }
  removeItem(key: string): void {
    this.map.delete(key);
  }
}

/** Applies each id once, in the order of arrival; loses requests or answers when told to. */
class Server {
  applied: string[] = [];
  seen = new Set<string>();
  apply(entry: Entry): { cmd: string; seq: number; epoch: string; dup: boolean } {
    const dup = this.seen.has(entry.cmd);
    if (!dup) {
      this.seen.add(entry.cmd);
      this.applied.push(`${entry.s}:${String(entry.body["n"])}`);
    }
    return { cmd: entry.cmd, seq: this.applied.length, epoch: "e", dup };
  }
}

let store: MemoryStore;
let server: Server;
let sent: Entry[];
let posts: Entry[];
let settled: { n: unknown; outcome: Outcome }[];
let socketUp: boolean;
let post: (entry: Entry) => Promise<Posted>;

function make(person = 7): CommandQueue {
  return new CommandQueue(
    person, store,
    {
      send: (entry) => {
        if (socketUp) sent.push(entry);
        return socketUp;
      },
      post: (entry) => {
        posts.push(entry);
        return post(entry);
      },
      settled: (entry, outcome) => settled.push({ n: entry.body["n"], outcome }),
      changed: () => undefined,
    },
    () => 0.5,
  );
}

beforeEach(() => {
  vi.useFakeTimers();
  store = new MemoryStore();
  server = new Server();
  sent = [];
  posts = [];
  settled = [];
  socketUp = true;
  post = (entry) => Promise.resolve({ kind: "ack", frame: { t: "ack", ...server.apply(entry) } });
});
afterEach(() => vi.useRealTimers());

const ack = (queue: CommandQueue, entry: Entry): void =>
  queue.onAck({ t: "ack", ...server.apply(entry) });

describe("CommandQueue", () => {
  it("sends commands of one exam one after another, of different exams side by side", () => {
    const queue = make();
    queue.push("exam:1", { type: "a", n: 1 });
    queue.push("exam:1", { type: "a", n: 2 });
    queue.push("exam:2", { type: "a", n: 3 });
    expect(sent.map((e) => e.body["n"])).toEqual([1, 3]);
    ack(queue, sent[0] as Entry);
    expect(sent.map((e) => e.body["n"])).toEqual([1, 3, 2]);
  });

  it("is emptied by the server's answer and by nothing else", () => {
    const queue = make();
    queue.push("exam:1", { type: "a", n: 1 });
    expect(store.map.size).toBe(1);
    socketUp = false;
    queue.socketClosed();
    vi.advanceTimersByTime(100);
    expect(store.map.size).toBe(1);
    expect(queue.size()).toBe(1);
    ack(queue, sent[0] as Entry);
    expect(store.map.size).toBe(0);
  });

  it("sends the same id again when no answer came, and after a reconnect", () => {
    const queue = make();
    queue.push("exam:1", { type: "a", n: 1 });
    vi.advanceTimersByTime(ANSWER_MS + 2_000);
    expect(sent).toHaveLength(2);
    queue.socketClosed();
    queue.socketOpened();
    expect(new Set(sent.map((e) => e.cmd)).size).toBe(1);
    for (const entry of [...sent]) ack(queue, entry);
    expect(server.applied).toEqual(["exam:1:1"]);
    expect(settled).toHaveLength(1);
  });

  it("turns to HTTP when the socket stays silent", async () => {
    const queue = make();
    queue.push("exam:1", { type: "a", n: 1 });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(posts).toHaveLength(1);
    expect(posts[0]?.cmd).toBe(sent[0]?.cmd);
    expect(settled).toHaveLength(1);
  });

  it("turns to HTTP when there is no socket, after a moment of patience", async () => {
    socketUp = false;
    const queue = make();
    queue.push("exam:1", { type: "a", n: 1 });
    queue.push("exam:1", { type: "a", n: 2 });
    await vi.advanceTimersByTimeAsync(SOCKET_WAIT_MS - 1);
    expect(posts).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(SOCKET_WAIT_MS * 3);
    expect(server.applied).toEqual(["exam:1:1", "exam:1:2"]);
    expect(queue.size()).toBe(0);
  });

  it("tries again after a temporary error and reports a final one", async () => {
    const queue = make();
    queue.push("exam:1", { type: "a", n: 1 });
    const first = sent[0] as Entry;
    queue.onErr({ t: "err", cmd: first.cmd, code: "busy", message: "", temporary: true, after_ms: 250 });
    expect(settled).toEqual([]);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(sent.map((e) => e.cmd)).toEqual([first.cmd, first.cmd]);
    queue.onErr({ t: "err", cmd: first.cmd, code: "time_over", message: "time is over", temporary: false, after_ms: 0 });
    expect(settled[0]?.outcome).toEqual({ kind: "refused", code: "time_over", message: "time is over" });
    expect(queue.size()).toBe(0);
  });

  it.each(["quarantined", "internal", "unauthorized"])("keeps what was refused as %s", async (code) => {
    const queue = make();
    queue.push("exam:1", { type: "a", n: 1 });
    const first = sent[0] as Entry;
    queue.onErr({ t: "err", cmd: first.cmd, code, message: "", temporary: false, after_ms: 0 });
    expect(queue.size()).toBe(1);
    expect(store.map.size).toBe(1);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(sent).toHaveLength(2);
    ack(queue, first);
    expect(queue.size()).toBe(0);
  });

  it("survives a reload in order, and keeps one person's commands from another", () => {
    socketUp = false;
    const queue = make(7);
    for (let n = 1; n <= 5; n += 1) queue.push("exam:1", { type: "a", n });
    vi.clearAllTimers();
    expect(make(8).size()).toBe(0);
    const again = make(7);
    expect(again.pending("exam:1").map((e) => e.body["n"])).toEqual([1, 2, 3, 4, 5]);
    // Two tabs: both send, the server applies once.
    socketUp = true;
    again.pumpAll();
    ack(again, sent[0] as Entry);
    expect(again.size()).toBe(4);
  });

  it("says when this device's storage is full, and still sends", () => {
    store.full = true;
    const queue = make();
    queue.push("exam:1", { type: "a", n: 1 });
    expect(queue.persisted).toBe(false);
    expect(sent).toHaveLength(1);
  });

  it("has a limit", () => {
    socketUp = false;
    const queue = make();
    for (let n = 0; n < QUEUE_ENTRIES_MAX; n += 1) queue.push("exam:1", { type: "a", n });
    expect(() => queue.push("exam:1", { type: "a" })).toThrow(QueueFull);
  });

  it("loses and doubles nothing over a hostile network", async () => {
    let seed = 42;
    const random = (): number => (seed = (seed * 16807) % 2147483647) / 2147483647;
    post = (entry) => {
      if (random() < 0.3) return Promise.resolve({ kind: "failed" });
      const result = server.apply(entry);
      // The command was applied but its answer is lost.
      if (random() < 0.3) return Promise.resolve({ kind: "failed" });
      return Promise.resolve({ kind: "ack", frame: { t: "ack", ...result } });
    };
    const queue = make();
    const answerLater = (): void => {
      for (const entry of sent.splice(0)) {
        if (random() < 0.3) continue;
        const result = server.apply(entry);
        if (random() < 0.5) queue.onAck({ t: "ack", ...result });
        if (random() < 0.2) queue.onAck({ t: "ack", ...result });
      }
    };
    for (let n = 1; n <= 60; n += 1) {
      queue.push(`exam:${n % 3}`, { type: "a", n });
      if (random() < 0.3) {
        socketUp = !socketUp;
        if (socketUp) queue.socketOpened();
        else queue.socketClosed();
      }
      answerLater();
      await vi.advanceTimersByTimeAsync(random() * 3_000);
    }
    socketUp = true;
    for (let i = 0; i < 2_000 && queue.size() > 0; i += 1) {
      answerLater();
      await vi.advanceTimersByTimeAsync(1_000);
    }
    expect(queue.size()).toBe(0);
    expect(settled).toHaveLength(60);
    for (const exam of [0, 1, 2]) {
      const numbers = server.applied.filter((a) => a.startsWith(`exam:${exam}:`)).map((a) => Number(a.slice(7)));
      expect(numbers).toEqual(Array.from({ length: 60 }, (_, i) => i + 1).filter((n) => n % 3 === exam));
    }
  });
});

describe("uuidv7", () => {
  it("has the right form, sorts in order of making and never repeats", () => {
    const ids = Array.from({ length: 10_000 }, () => uuidv7());
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect([...ids].sort()).toEqual(ids);
    expect(new Set(ids).size).toBe(ids.length);
    expect(uuidv7(0) > (ids[9_999] as string)).toBe(true);
  });
});

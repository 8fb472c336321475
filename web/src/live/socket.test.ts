import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ServerFrame } from "./frames.ts";
import { BACKOFF_BASE_MS, BACKOFF_MAX_MS, LiveSocket, silenceMs, WELCOME_MS, type WireSocket } from "./socket.ts";

class FakeSocket implements WireSocket {
  sent: { t: string; [k: string]: unknown }[] = [];
  closedWith: number | undefined;
  onopen: WireSocket["onopen"] = null;
  onmessage: WireSocket["onmessage"] = null;
  onclose: WireSocket["onclose"] = null;
  onerror: WireSocket["onerror"] = null;
  send(text: string): void {
    this.sent.push(JSON.parse(text) as { t: string });
  }
  close(code?: number): void {
    this.closedWith = code ?? 1000;
  }
  say(...frames: object[]): void {
    this.onmessage?.({ data: frames.map((f) => JSON.stringify(f)).join("\n") });
  }
  welcome(ping = 20): void {
    this.onopen?.();
    this.say({ t: "welcome", sess: "s", ping });
  }
}

let sockets: FakeSocket[];
let frames: ServerFrame[];
let random: number;

function make(): LiveSocket {
  const open = (): FakeSocket => {
    const socket = new FakeSocket();
    sockets.push(socket);
    return socket;
  };
  const handlers = {
    hello: () => ({ resume: [] }),
    frame: (frame: ServerFrame) => frames.push(frame),
    state: () => undefined,
  };
  return new LiveSocket(open, handlers, () => random);
}

const last = (): FakeSocket => sockets[sockets.length - 1] as FakeSocket;

beforeEach(() => {
  vi.useFakeTimers();
  sockets = [];
  frames = [];
  random = 1;
});
afterEach(() => vi.useRealTimers());

describe("LiveSocket", () => {
  it("says hello, is open after welcome, and answers pings", () => {
    const live = make();
    live.connect();
    expect(live.send({ t: "cmd" })).toBe(false);
    last().welcome();
    expect(last().sent[0]).toMatchObject({ t: "hello", ver: 1, resume: [] });
    expect(live.state.kind).toBe("open");
    last().say({ t: "ping" }, { t: "something_new" }, { t: "dig", s: "x", seq: 1, d: "" });
    expect(last().sent.map((m) => m.t)).toEqual(["hello", "pong"]);
    expect(frames.map((f) => f.t)).toEqual(["welcome", "ping", "dig"]);
  });

  it("reconnects after silence, and not before", () => {
    const live = make();
    live.connect();
    last().welcome(20);
    vi.advanceTimersByTime(silenceMs(20) - 1);
    last().say({ t: "ping" });
    vi.advanceTimersByTime(silenceMs(20) - 1);
    expect(live.state.kind).toBe("open");
    vi.advanceTimersByTime(1);
    expect(live.state.kind).toBe("waiting");
    expect(last().closedWith).toBe(4012);
    vi.advanceTimersByTime(BACKOFF_BASE_MS);
    expect(sockets).toHaveLength(2);
  });

  it("does not wait for a welcome for ever", () => {
    const live = make();
    live.connect();
    last().onopen?.();
    vi.advanceTimersByTime(WELCOME_MS);
    expect(live.state.kind).toBe("waiting");
    expect(live.failures).toBe(1);
  });

  it("backs off with full jitter up to its ceiling and starts anew after a stable connection", () => {
    const live = make();
    live.connect();
    const waits: number[] = [];
    for (let i = 0; i < 8; i += 1) {
      last().onclose?.({ code: 1006, reason: "" });
      if (live.state.kind !== "waiting") throw new Error("not waiting");
      waits.push(live.state.retryAt - Date.now());
      vi.advanceTimersByTime(waits[i] as number);
    }
    expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 16000, BACKOFF_MAX_MS, BACKOFF_MAX_MS]);
    last().welcome();
    vi.advanceTimersByTime(10_000);
    random = 0.5;
    last().onclose?.({ code: 1006, reason: "" });
    if (live.state.kind !== "waiting") throw new Error("not waiting");
    expect(live.state.retryAt - Date.now()).toBe(BACKOFF_BASE_MS / 2);
  });

  it("honours the server's wish to be left alone for a while", () => {
    random = 0;
    const live = make();
    live.connect();
    last().welcome();
    last().say({ t: "bye", code: 4001, reconnect: true, after_ms: 3400 });
    last().onclose?.({ code: 4001, reason: "" });
    vi.advanceTimersByTime(3399);
    expect(sockets).toHaveLength(1);
    vi.advanceTimersByTime(1);
    expect(sockets).toHaveLength(2);
  });

  it.each([4001, 4008, 4012, 4101, 4307, 4499, 1006, 1011])("reconnects after %d", (code) => {
    const live = make();
    live.connect();
    last().welcome();
    last().onclose?.({ code, reason: "" });
    expect(live.state.kind).toBe("waiting");
  });

  it.each([4500, 4501, 4503, 4506])("gives up after %d", (code) => {
    const live = make();
    live.connect();
    last().welcome();
    last().onclose?.({ code, reason: "" });
    expect(live.state).toMatchObject({ kind: "ended", code });
    vi.advanceTimersByTime(600_000);
    expect(sockets).toHaveLength(1);
  });

  it("ignores what an old connection still delivers", () => {
    const live = make();
    live.connect();
    const old = last();
    old.welcome();
    live.drop();
    vi.advanceTimersByTime(BACKOFF_BASE_MS);
    last().welcome();
    frames = [];
    old.say({ t: "dig", s: "x", seq: 1, d: "" });
    old.onclose?.({ code: 4501, reason: "" });
    expect(frames).toEqual([]);
    expect(live.state.kind).toBe("open");
  });
});

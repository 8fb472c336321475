// One reconnecting WebSocket: hello with resume positions, heartbeat, full-jitter back-off, close
// codes. Knows nothing about streams or commands; the client above decides what to say.
import { parseFrames, type ServerFrame, type WelcomeFrame } from "./frames.ts";

/** The subprotocol of version 1. */
export const SUBPROTOCOL = "exam.v1.json";
/** First and longest step of the back-off, before jitter. */
export const BACKOFF_BASE_MS = 500;
export const BACKOFF_MAX_MS = 20_000;
/** A connection that lives this long makes the back-off start anew. */
export const STABLE_MS = 10_000;
/** How long to wait for `welcome`. */
export const WELCOME_MS = 10_000;
/** Silence allowed: 1.5 pings and the server's own patience for a pong. */
export const silenceMs = (pingSeconds: number): number => pingSeconds * 1_500 + 8_000;

/** The part of `WebSocket` that is used, so that a test can stand in for it. */
export interface WireSocket {
  send(text: string): void;
  close(code?: number, reason?: string): void;
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
  onerror: (() => void) | null;
}

export type SocketState =
  | { kind: "connecting"; attempt: number }
  | { kind: "open"; welcome: WelcomeFrame }
  | { kind: "waiting"; attempt: number; retryAt: number }
  /** Will not be tried again: revoked, forbidden, an unknown version, or stopped by the page. */
  | { kind: "ended"; code: number; reason: string };

export interface SocketHandlers {
  /** Streams to resume, for `hello`. */
  hello(): object;
  frame(frame: ServerFrame): void;
  state(state: SocketState): void;
}

export class LiveSocket {
  state: SocketState = { kind: "waiting", attempt: 0, retryAt: 0 };
  /** Connections in a row that never reached `welcome`. */
  failures = 0;
  /** When anything last came from the server, ms of this device's clock. */
  lastTrafficAt = 0;
  private socket: WireSocket | undefined;
  private attempt = 0;
  private floorMs = 0;
  private retryTimer: ReturnType<typeof setTimeout> | undefined;
  private watchdog: ReturnType<typeof setTimeout> | undefined;
  private stableTimer: ReturnType<typeof setTimeout> | undefined;
  private ids = 0;

  constructor(
    private readonly open: () => WireSocket,
    private readonly handlers: SocketHandlers,
    private readonly random: () => number = Math.random,
  ) {}

  /** Connects now, cutting a back-off short. */
  connect(): void {
    if (this.socket || this.state.kind === "ended") return;
    clearTimeout(this.retryTimer);
    this.set({ kind: "connecting", attempt: this.attempt });
    let socket: WireSocket;
    try {
      socket = this.open();
    } catch {
      this.failures += 1;
      this.retry();
      return;
    }
    this.socket = socket;
    // Each handler checks that its socket is still the current one: a late frame of an old
    // connection must not reach the fold of the new one.
    socket.onopen = () => {
      if (this.socket !== socket) return;
      this.write({ t: "hello", id: this.nextId(), ver: 1, ...this.handlers.hello() });
    };
    socket.onmessage = (event) => {
      if (this.socket === socket && typeof event.data === "string") this.receive(event.data);
    };
    socket.onerror = () => undefined;
    socket.onclose = (event) => {
      if (this.socket === socket) this.closed(event.code, event.reason);
    };
    this.arm(WELCOME_MS);
  }

  /** A fresh id for a message that wants an answer. */
  nextId(): number {
    this.ids += 1;
    return this.ids;
  }

  /** Sends when welcomed; `false` says that nothing was sent. */
  send(message: object): boolean {
    return this.state.kind === "open" && this.write(message);
  }

  /** Drops the connection as if the network had, and reconnects. */
  drop(): void {
    const socket = this.socket;
    if (!socket) return;
    this.closed(4012, "silent");
    socket.close(4012);
  }

  /** Ends for good. */
  end(reason: string): void {
    const socket = this.socket;
    this.finish(1000, reason);
    socket?.close(1000);
  }

  private write(message: object): boolean {
    try {
      this.socket?.send(JSON.stringify(message));
      return this.socket !== undefined;
    } catch {
      return false;
    }
  }

  private receive(text: string): void {
    this.lastTrafficAt = Date.now();
    const { frames } = parseFrames(text);
    for (const frame of frames) {
      if (frame.t === "welcome") this.welcomed(frame);
      else if (frame.t === "ping") this.write({ t: "pong" });
      else if (frame.t === "bye") this.floorMs = frame.after_ms ?? 0;
      this.handlers.frame(frame);
    }
    if (this.state.kind === "open") this.arm(silenceMs(this.state.welcome.ping));
  }

  private welcomed(frame: WelcomeFrame): void {
    this.failures = 0;
    this.stableTimer = setTimeout(() => (this.attempt = 0), STABLE_MS);
    this.set({ kind: "open", welcome: frame });
  }

  private arm(ms: number): void {
    clearTimeout(this.watchdog);
    this.watchdog = setTimeout(() => this.drop(), ms);
  }

  private closed(code: number, reason: string): void {
    const welcomed = this.state.kind === "open";
    if (!welcomed) this.failures += 1;
    if (code >= 4500 && code < 5000) {
      this.finish(code, reason);
      return;
    }
    this.detach();
    this.retry();
  }

  private retry(): void {
    const ceiling = Math.min(BACKOFF_MAX_MS, BACKOFF_BASE_MS * 2 ** this.attempt);
    const wait = Math.max(this.floorMs, 0) + this.random() * ceiling;
    this.floorMs = 0;
    this.attempt += 1;
    this.set({ kind: "waiting", attempt: this.attempt, retryAt: Date.now() + wait });
    this.retryTimer = setTimeout(() => this.connect(), wait);
  }

  private finish(code: number, reason: string): void {
    this.detach();
    clearTimeout(this.retryTimer);
    this.set({ kind: "ended", code, reason });
  }

  private detach(): void {
    this.socket = undefined;
    clearTimeout(this.watchdog);
    clearTimeout(this.stableTimer);
  }

  private set(state: SocketState): void {
    this.state = state;
    this.handlers.state(state);
  }
}

// The live client: one socket (or its stand-in, server-sent events), the streams that pages follow,
// and the command queue. Pages talk to this and to nothing below it.
import { EventStreams, type WireEvents } from "./events.ts";
import type { ErrFrame, EvFrame, ServerFrame, SnapFrame, WelcomeFrame } from "./frames.ts";
import type { Step } from "./fold.ts";
import { CommandQueue, type CommandBody, type Entry, type Outcome, type Posted, type Store } from "./queue.ts";
import { LiveSocket, type SocketState, type WireSocket } from "./socket.ts";
import { LiveStream, type Trust } from "./stream.ts";

/** Failed connections in a row after which server-sent events step in. */
export const SOCKET_FAILURES_MAX = 3;
/** Least time between two resync requests for one stream. */
export const RESYNC_MS = 2_000;
/** Pause between two plain requests for a state while nothing can push it. */
export const POLL_MS = 5_000;
/** How often trust is worked out anew. */
export const TICK_MS = 1_000;

type StreamFrame = Extract<ServerFrame, { t: "sub" | "snap" | "ev" | "dig" | "lag" | "pres" }>;

/** A state by plain HTTP, or the server's refusal to show it. */
export type Fetched = { snap: Omit<SnapFrame, "t" | "s"> } | { refused: { code: string; message: string } };

export interface Ways {
  openSocket(): WireSocket;
  openEvents(stream: string): WireEvents;
  post(entry: Entry): Promise<Posted>;
  /** A stream's state by plain HTTP; `undefined` when it cannot be had now. */
  fetchState?(stream: string): Promise<Fetched | undefined>;
  store: Store | undefined;
  random?: () => number;
}

export interface ClientHandlers {
  /** A stream's state, members, events or trust may have changed. */
  stream(name: string): void;
  /** The connection or the queue changed. */
  changed(): void;
  settled(entry: Entry, outcome: Outcome): void;
  /** The sign-in is over: `revoked` is final, `expired` and `soon` ask for a new one. */
  auth(event: "revoked" | "expired" | "soon"): void;
}

export class LiveClient {
  readonly queue: CommandQueue;
  readonly streams = new Map<string, LiveStream>();
  welcome: WelcomeFrame | undefined;
  /** Server clock minus this device's clock, ms. */
  clockOffset = 0;
  private readonly socket: LiveSocket;
  private readonly events: EventStreams;
  private wanted = new Map<string, number>();
  /** Streams by the id of the request that asked for them. */
  private asked = new Map<number, string>();
  private resyncAt = new Map<string, number>();
  private eventsTrafficAt = 0;
  private polledAt = 0;
  private ticker: ReturnType<typeof setInterval> | undefined;

  constructor(person: number, private readonly ways: Ways, private readonly handlers: ClientHandlers) {
    this.socket = new LiveSocket(
      () => ways.openSocket(),
      {
        hello: () => this.hello(),
        frame: (frame) => this.receive(frame),
        state: (state) => this.socketState(state),
      },
      ways.random,
    );
    this.events = new EventStreams((stream) => ways.openEvents(stream), {
      frame: (frame) => {
        this.eventsTrafficAt = Date.now();
        this.receive(frame);
      },
      changed: () => this.announceAll(),
    });
    this.queue = new CommandQueue(
      person,
      ways.store,
      {
        send: (entry) => this.sendCommand(entry),
        post: (entry) => ways.post(entry),
        settled: (entry, outcome) => handlers.settled(entry, outcome),
        changed: () => handlers.changed(),
      },
      ways.random,
    );
  }

  start(): void {
    this.socket.connect();
    this.ticker = setInterval(() => this.tick(), TICK_MS);
    this.queue.pumpAll();
  }

  stop(): void {
    clearInterval(this.ticker);
    this.events.follow([]);
    this.socket.end("stopped");
  }

  /** The network is back or the page is visible again: do not sit out a back-off. */
  nudge(): void {
    this.socket.connect();
    this.queue.pumpAll();
  }

  get state(): SocketState {
    return this.socket.state;
  }

  /** How frames arrive now. */
  get channel(): "socket" | "events" | "none" {
    if (this.socket.state.kind === "open") return "socket";
    for (const name of this.wanted.keys()) if (this.events.isUp(name)) return "events";
    return "none";
  }

  follow(name: string): LiveStream {
    const count = this.wanted.get(name) ?? 0;
    this.wanted.set(name, count + 1);
    let stream = this.streams.get(name);
    if (!stream) {
      stream = new LiveStream(name);
      this.streams.set(name, stream);
    }
    if (count === 0) {
      this.subscribe(name);
      this.fallBack();
    }
    return stream;
  }

  unfollow(name: string): void {
    const count = (this.wanted.get(name) ?? 0) - 1;
    if (count > 0) {
      this.wanted.set(name, count);
      return;
    }
    this.wanted.delete(name);
    this.streams.delete(name);
    this.socket.send({ t: "unsub", id: this.socket.nextId(), s: name });
    this.fallBack();
  }

  trust(name: string): Trust {
    const stream = this.streams.get(name);
    const now = Date.now();
    if (!stream) return { kind: "stale", since: 0 };
    const open = this.socket.state.kind === "open";
    const connected = open || this.events.isUp(name);
    const lastTraffic = Math.max(this.socket.lastTrafficAt, this.eventsTrafficAt);
    return stream.trust(connected, lastTraffic, now);
  }

  command(stream: string, body: CommandBody, ifSeq?: number): Entry {
    return this.queue.push(stream, body, ifSeq);
  }

  /** Now by the server's clock, ms. */
  serverNow(): number {
    return Date.now() + this.clockOffset;
  }

  private hello(): object {
    const resume = [];
    for (const name of this.wanted.keys()) {
      const position = this.streams.get(name)?.fold.position();
      if (position) resume.push({ s: name, ...position });
    }
    return { resume };
  }

  private subscribe(name: string): void {
    const resume = this.streams.get(name)?.fold.position();
    const id = this.socket.nextId();
    if (!this.socket.send({ t: "sub", id, s: name, ...(resume ? { resume } : {}) })) return;
    this.asked.set(id, name);
    this.resyncAt.set(name, Date.now());
  }

  private sendCommand(entry: Entry): boolean {
    const { cmd, s, body, if_seq } = entry;
    const message = { t: "cmd", id: this.socket.nextId(), s, cmd, body };
    return this.socket.send(if_seq === undefined ? message : { ...message, if_seq });
  }

  private socketState(state: SocketState): void {
    if (state.kind === "open") {
      this.welcome = state.welcome;
      if (state.welcome.now !== undefined) this.clockOffset = state.welcome.now - Date.now();
      // Streams named in `resume` are subscribed by it; the others are asked for now.
      for (const name of this.wanted.keys()) {
        if (!this.streams.get(name)?.fold.position()) this.subscribe(name);
      }
      this.queue.socketOpened();
    } else {
      this.asked.clear();
      for (const stream of this.streams.values()) stream.fold.disconnected();
      this.queue.socketClosed();
    }
    if (state.kind === "ended" && state.code === 4501) this.handlers.auth("revoked");
    this.fallBack();
    this.handlers.changed();
    this.announceAll();
  }

  /** Server-sent events run exactly while the socket cannot be had. */
  private fallBack(): void {
    const { kind } = this.socket.state;
    const needed =
      (kind !== "open" && this.socket.failures >= SOCKET_FAILURES_MAX) ||
      (kind === "ended" && this.ticker !== undefined && this.mayFallBack());
    this.events.follow(needed ? this.wanted.keys() : []);
  }

  private mayFallBack(): boolean {
    return this.socket.state.kind === "ended" && this.socket.state.code === 4506;
  }

  private receive(frame: ServerFrame): void {
    switch (frame.t) {
      case "ack":
        this.queue.onAck(frame);
        return;
      case "err":
        if (frame.cmd) this.queue.onErr(frame);
        else this.refusedRequest(frame);
        return;
      case "auth_soon":
        this.handlers.auth("soon");
        return;
      case "bye":
        if (frame.code === 4101) this.handlers.auth("expired");
        return;
      case "sub": case "snap": case "ev": case "dig": case "lag": case "pres":
        this.receiveFor(frame);
        return;
      case "welcome": case "ping": case "auth":
        return;
    }
  }

  private refusedRequest(frame: ErrFrame): void {
    if (frame.code === "unauthorized") this.handlers.auth("expired");
    const name = frame.s ?? this.asked.get(frame.id ?? -1);
    const stream = name === undefined ? undefined : this.streams.get(name);
    if (!stream || frame.temporary) return;
    stream.refused = { code: frame.code, message: frame.message };
    this.handlers.stream(stream.name);
  }

  private receiveFor(frame: StreamFrame): void {
    const stream = this.streams.get(frame.s);
    if (!stream) return;
    const now = Date.now();
    let step: Step = "dropped";
    stream.refused = undefined;
    switch (frame.t) {
      case "sub": step = stream.onSub(frame); break;
      // Parsed from JSON, so what the types call views and unknowns are JSON objects.
      case "snap": step = stream.onSnap(frame as unknown as SnapFrame, now); break;
      case "ev": step = stream.onEv(frame as EvFrame, now); break;
      case "dig": step = stream.onDig(frame, now); break;
      case "lag": stream.fold.onLag(); break;
      case "pres": stream.members = frame.members; break;
    }
    if (step === "gap" || step === "mismatch") this.resync(frame.s);
    this.handlers.stream(frame.s);
  }

  private resync(name: string): void {
    const now = Date.now();
    if (now - (this.resyncAt.get(name) ?? -RESYNC_MS) < RESYNC_MS) return;
    this.resyncAt.set(name, now);
    if (!this.socket.send({ t: "resync", s: name })) this.events.restart(name);
  }

  /** Asks again for what has not come: digests, snapshots that were lost on the way. */
  private tick(): void {
    const now = Date.now();
    for (const [name, stream] of this.streams) {
      if (stream.wantsDigest(now)) this.socket.send({ t: "dig", s: name });
      const behind = !stream.fold.health.synced && !stream.refused;
      if (behind && this.channel !== "none") this.resync(name);
    }
    if (this.events.wanted && this.channel === "none" && now - this.polledAt >= POLL_MS) {
      this.polledAt = now;
      for (const name of this.wanted.keys()) void this.poll(name);
    }
    this.announceAll();
  }

  /** The third way, when neither socket nor events come through: the page is not live, but not blind. */
  private async poll(name: string): Promise<void> {
    const fetched = await this.ways.fetchState?.(name).catch(() => undefined);
    const stream = this.streams.get(name);
    if (!fetched || !stream || this.channel !== "none") return;
    if ("snap" in fetched) stream.onPolled({ t: "snap", s: name, ...fetched.snap }, Date.now());
    else stream.refused = fetched.refused;
    this.handlers.stream(name);
  }

  private announceAll(): void {
    for (const name of this.streams.keys()) this.handlers.stream(name);
  }
}

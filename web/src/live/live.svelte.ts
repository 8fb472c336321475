// The live client as reactive state: what components read. One per signed-in person.
import { BASE, fetchState, postCommand } from "../api/client.ts";
import type { Command } from "../api/wire.ts";
import { i18n } from "../i18n/i18n.svelte.ts";
import { notices } from "../ui/notices.svelte.ts";
import { LiveClient } from "./client.ts";
import type { MemberFrame } from "./frames.ts";
import { QueueFull, type CommandBody, type Entry, type Store } from "./queue.ts";
import { SUBPROTOCOL, type SocketState, type WireSocket } from "./socket.ts";
import type { EventLine, Trust } from "./stream.ts";

/** How long an acknowledged command is shown over a state that has not caught up with it. */
const UNSEEN_MS = 30_000;

/** One stream as components see it. */
export class StreamView<T> {
  state = $state.raw<T | undefined>();
  trust = $state.raw<Trust>({ kind: "stale", since: 0 });
  members = $state.raw<MemberFrame[]>([]);
  events = $state.raw<EventLine[]>([]);
  /** Commands that the server has not answered, oldest first. */
  pending = $state.raw<Entry[]>([]);
  /** Those, after the ones that are acknowledged but not yet in `state`: what to show over it. */
  overlay = $state.raw<Entry[]>([]);
  refused = $state.raw<{ code: string; message: string } | undefined>();
  position = $state.raw({ epoch: "", seq: 0, hash: "", verifiedSeq: -1, gaps: 0, mismatches: 0 });
  constructor(readonly name: string) {}
}

class Live {
  /** Now by the server's clock, ms; ticks every second. */
  now = $state(Date.now());
  connection = $state.raw<SocketState["kind"]>("connecting");
  channel = $state.raw<"socket" | "events" | "none">("none");
  /** Commands on this device that the server has not answered. */
  queued = $state(0);
  persisted = $state(true);
  private client: LiveClient | undefined;
  private views = new Map<string, { view: StreamView<unknown>; users: number }>();
  private ticker: ReturnType<typeof setInterval> | undefined;
  private onAuth: (event: "revoked" | "expired" | "soon") => void = () => undefined;
  private unseen: { entry: Entry; seq: number; epoch: string; at: number }[] = [];
  private waiters = new Map<string, (ok: boolean) => void>();

  start(person: number, onAuth: (event: "revoked" | "expired" | "soon") => void): void {
    this.stop();
    this.onAuth = onAuth;
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    this.client = new LiveClient(
      person,
      {
        // The browser's own type is wider in its handlers' arguments; what is used fits.
        openSocket: () =>
          new WebSocket(`${scheme}//${location.host}/live`, SUBPROTOCOL) as unknown as WireSocket,
        openEvents: (stream) => new EventSource(`${BASE}/streams?s=${encodeURIComponent(stream)}`),
        post: postCommand,
        fetchState,
        store: deviceStore(),
      },
      {
        stream: (name) => this.refresh(name),
        changed: () => this.refreshConnection(),
        settled: (entry, outcome) => {
          this.waiters.get(entry.cmd)?.(outcome.kind === "done");
          this.waiters.delete(entry.cmd);
          if (outcome.kind === "done") {
            this.unseen.push({ entry, seq: outcome.seq, epoch: outcome.epoch, at: Date.now() });
          }
          if (outcome.kind === "refused") notices.bad(i18n.refusal(outcome.code, outcome.message));
        },
        auth: (event) => this.onAuth(event),
      },
    );
    for (const name of this.views.keys()) this.client.follow(name);
    this.client.start();
    this.ticker = setInterval(() => this.tick(), 1_000);
    addEventListener("online", this.nudge);
    document.addEventListener("visibilitychange", this.nudge);
    this.refreshConnection();
  }

  stop(): void {
    clearInterval(this.ticker);
    removeEventListener("online", this.nudge);
    document.removeEventListener("visibilitychange", this.nudge);
    this.client?.stop();
    this.client = undefined;
    this.queued = 0;
  }

  follow<T>(name: string): StreamView<T> {
    const known = this.views.get(name);
    if (known) {
      known.users += 1;
      return known.view as StreamView<T>;
    }
    const view = new StreamView<T>(name);
    this.views.set(name, { view, users: 1 });
    this.client?.follow(name);
    this.refresh(name);
    return view;
  }

  unfollow(name: string): void {
    const known = this.views.get(name);
    if (!known) return;
    known.users -= 1;
    if (known.users > 0) return;
    this.views.delete(name);
    this.client?.unfollow(name);
  }

  /** Adds the lines of a stream's timeline from before this page was opened. */
  remember(name: string, lines: EventLine[]): void {
    this.client?.streams.get(name)?.remember(lines);
    this.refresh(name);
  }

  /** Queues a command; resolves with whether the server accepted it in the end. */
  send(exam: number, body: Command): Promise<boolean> {
    try {
      const entry = this.client?.command(`exam:${exam}`, body as CommandBody);
      if (!entry) return Promise.resolve(false);
      return new Promise((resolve) => this.waiters.set(entry.cmd, resolve));
    } catch (error) {
      if (!(error instanceof QueueFull)) throw error;
      notices.bad(i18n.m.queueFull);
      return Promise.resolve(false);
    }
  }

  private nudge = (): void => {
    if (document.visibilityState === "visible") this.client?.nudge();
  };

  private tick(): void {
    this.now = this.client?.serverNow() ?? Date.now();
  }

  private refreshConnection(): void {
    if (!this.client) return;
    this.connection = this.client.state.kind;
    this.channel = this.client.channel;
    this.queued = this.client.queue.size();
    this.persisted = this.client.queue.persisted;
    for (const { view } of this.views.values()) {
      this.refreshPending(view);
    }
  }

  private refreshPending(view: StreamView<unknown>): void {
    const fold = this.client?.streams.get(view.name)?.fold;
    const pending = this.client?.queue.pending(view.name) ?? [];
    this.unseen = this.unseen.filter((acked) => {
      if (acked.entry.s !== view.name) return true;
      const seen = fold && (fold.seq >= acked.seq || (acked.epoch !== "" && fold.epoch !== acked.epoch));
      return !seen && Date.now() - acked.at < UNSEEN_MS;
    });
    const acked = this.unseen.filter((u) => u.entry.s === view.name).map((u) => u.entry);
    if (pending.length > 0 || view.pending.length > 0) view.pending = pending;
    const overlay = [...acked, ...pending];
    if (overlay.length > 0 || view.overlay.length > 0) view.overlay = overlay;
  }

  private refresh(name: string): void {
    const known = this.views.get(name);
    const stream = this.client?.streams.get(name);
    if (!known || !stream || !this.client) return;
    const { view } = known;
    const { fold } = stream;
    view.state = fold.state;
    view.trust = this.client.trust(name);
    view.members = stream.members;
    view.events = stream.events;
    view.refused = stream.refused;
    view.position = {
      epoch: fold.epoch, seq: fold.seq, hash: fold.hash, verifiedSeq: fold.health.verifiedSeq,
      gaps: fold.health.gaps, mismatches: fold.health.mismatches,
    };
    this.refreshPending(view);
    if (this.channel !== this.client.channel) this.channel = this.client.channel;
  }
}

/** Local storage, where the browser grants it. */
function deviceStore(): Store | undefined {
  try {
    return localStorage;
  } catch {
    return undefined;
  }
}

export const live = new Live();

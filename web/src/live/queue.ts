// Commands on their way to the server. Each is kept in local storage under its own key until the
// server has answered it; a time-out means "unknown" and leads to the same id being sent again.
// Commands of one stream go strictly one after another; different streams do not wait for each other.
import type { AckFrame, ErrFrame } from "./frames.ts";
import { uuidv7 } from "./uuid.ts";

/** Most commands kept; beyond that the page must say that it cannot save. */
export const QUEUE_ENTRIES_MAX = 500;
/** How long an answer may take before its outcome counts as unknown. */
export const ANSWER_MS = 8_000;
/** Failures over the socket after which plain HTTP is tried. */
export const SOCKET_TRIES_MAX = 2;
/** Longest pause between two tries, before jitter. */
export const RETRY_MAX_MS = 15_000;
/** How long a command waits for a socket that is not there before HTTP takes it. */
export const SOCKET_WAIT_MS = 1_500;

/** Refusals that judge the server's state and not the command: it stays queued and is tried again. */
const KEPT_CODES = new Set(["quarantined", "internal", "unauthorized"]);
/** Pause before such a command is tried again. */
export const KEPT_MS = 5_000;

/** The body of a command: `type` and its fields. */
export type CommandBody = { type: string } & Record<string, unknown>;

/** A command as it is stored. */
export interface Entry {
  cmd: string;
  s: string;
  body: CommandBody;
  if_seq?: number;
  at: number;
}

/** What the server said in the end. */
export type Outcome =
  | { kind: "done"; seq: number; epoch: string; dup: boolean }
  | { kind: "refused"; code: string; message: string };

/** What a POST came to. `failed` means that nothing is known. */
export type Posted =
  | { kind: "ack"; frame: AckFrame }
  | { kind: "err"; frame: ErrFrame }
  | { kind: "failed" };

/** `localStorage`, or a stand-in. */
export type Store = Pick<Storage, "getItem" | "setItem" | "removeItem" | "key" | "length">;

export interface QueueHandlers {
  /** Sends over the socket; `false` when it is not open. */
  send(entry: Entry): boolean;
  post(entry: Entry): Promise<Posted>;
  settled(entry: Entry, outcome: Outcome): void;
  changed(): void;
}

/** The queue was full: nothing was accepted. */
export class QueueFull extends Error {
  override readonly name = "QueueFull";
}

interface Lane {
  entries: Entry[];
  flight: { cmd: string; over: "socket" | "post"; timer?: ReturnType<typeof setTimeout> } | undefined;
  /** Failures of the first entry. */
  tries: number;
  pause: ReturnType<typeof setTimeout> | undefined;
}

export class CommandQueue {
  /** False once local storage refused an entry: what is queued lives in this tab alone. */
  persisted = true;
  private lanes = new Map<string, Lane>();
  private socketUp = false;
  private socketLostAt = Date.now();
  private prefix: string;

  constructor(
    person: number,
    private readonly store: Store | undefined,
    private readonly handlers: QueueHandlers,
    private readonly random: () => number = Math.random,
  ) {
    this.prefix = `nsk.command.${person}.`;
    for (const entry of this.stored()) this.lane(entry.s).entries.push(entry);
  }

  /** Takes a command in; it is on this device when this returns. */
  push(s: string, body: CommandBody, if_seq?: number): Entry {
    if (this.size() >= QUEUE_ENTRIES_MAX) throw new QueueFull();
    const entry: Entry = { cmd: uuidv7(), s, body, at: Date.now() };
    if (if_seq !== undefined) entry.if_seq = if_seq;
    this.keep(entry);
    const lane = this.lane(s);
    lane.entries.push(entry);
    this.handlers.changed();
    if (lane.pause === undefined) this.pump(s);
    return entry;
  }

  /** Commands of a stream that no answer has come for, oldest first. */
  pending(s: string): Entry[] {
    return this.lanes.get(s)?.entries.slice() ?? [];
  }

  size(): number {
    let total = 0;
    for (const lane of this.lanes.values()) total += lane.entries.length;
    return total;
  }

  /** The socket is open (again): what was in flight on the old one is sent once more. */
  socketOpened(): void {
    this.socketUp = true;
    for (const [s, lane] of this.lanes) {
      if (lane.flight?.over === "socket") this.land(lane);
      lane.tries = 0;
        if (!lane.flight) this.pump(s);
    }
  }

  /** The socket is gone: answers to what it carried will not come. */
  socketClosed(): void {
    if (this.socketUp) this.socketLostAt = Date.now();
    this.socketUp = false;
    for (const [s, lane] of this.lanes) {
      if (lane.flight?.over !== "socket") continue;
      this.land(lane);
      this.pump(s);
    }
  }

  /** Tries everything that waits. */
  pumpAll(): void {
    for (const s of this.lanes.keys()) this.pump(s);
  }

  onAck(frame: AckFrame): void {
    const found = this.find(frame.cmd);
    if (!found) return;
    const { lane, entry } = found;
    const { seq, epoch, dup } = frame;
    this.finish(lane, entry, { kind: "done", seq, epoch, dup });
  }

  onErr(frame: ErrFrame): void {
    const found = this.find(frame.cmd);
    if (!found) return;
    const { lane, entry } = found;
    if (frame.temporary) this.failed(lane, entry, frame.after_ms);
    else if (KEPT_CODES.has(frame.code)) this.failed(lane, entry, KEPT_MS);
    else this.finish(lane, entry, { kind: "refused", code: frame.code, message: frame.message });
  }

  private pump(s: string): void {
    const lane = this.lanes.get(s);
    const entry = lane?.entries[0];
    if (!lane || !entry || lane.flight) return;
    clearTimeout(lane.pause);
    lane.pause = undefined;
    // The first tries go over the socket; after that the two ways take turns.
    const socketsTurn = lane.tries < SOCKET_TRIES_MAX || lane.tries % 2 === 1;
    if (socketsTurn && this.handlers.send(entry)) {
      const timer = setTimeout(() => this.failed(lane, entry, 0), ANSWER_MS);
      lane.flight = { cmd: entry.cmd, over: "socket", timer };
      return;
    }
    // A socket that was lost a moment ago, or is just being made, gets a chance to come back.
    const patience = this.socketLostAt + SOCKET_WAIT_MS - Date.now();
    if (socketsTurn && patience > 0) this.pause(lane, s, patience);
    else this.post(lane, entry);
  }

  private pause(lane: Lane, s: string, ms: number): void {
    clearTimeout(lane.pause);
    lane.pause = setTimeout(() => this.pump(s), ms);
  }

  private post(lane: Lane, entry: Entry): void {
    lane.flight = { cmd: entry.cmd, over: "post" };
    this.handlers.post(entry).then(
      (posted) => {
        if (posted.kind === "ack") this.onAck({ ...posted.frame, cmd: entry.cmd });
        else if (posted.kind === "err") this.onErr({ ...posted.frame, cmd: entry.cmd });
        else this.failed(lane, entry, 0);
      },
      () => this.failed(lane, entry, 0),
    );
  }

  /** Outcome unknown or "try again": the same id goes out once more after a pause. */
  private failed(lane: Lane, entry: Entry, afterMs: number): void {
    if (lane.entries[0] !== entry) return;
    this.land(lane);
    lane.tries += 1;
    const ceiling = Math.min(RETRY_MAX_MS, 500 * 2 ** Math.min(lane.tries, 6));
    this.pause(lane, entry.s, afterMs + this.random() * ceiling);
    this.handlers.changed();
  }

  private finish(lane: Lane, entry: Entry, outcome: Outcome): void {
    if (lane.entries[0] === entry) this.land(lane);
    lane.entries = lane.entries.filter((other) => other !== entry);
    lane.tries = 0;
    try {
      this.store?.removeItem(this.prefix + entry.cmd);
    } catch {
      // A store that cannot forget sends the command again at the next start: applied once anyway.
    }
    this.handlers.settled(entry, outcome);
    this.handlers.changed();
    this.pump(entry.s);
  }

  private land(lane: Lane): void {
    clearTimeout(lane.flight?.timer);
    lane.flight = undefined;
  }

  private find(cmd: string | undefined): { lane: Lane; entry: Entry } | undefined {
    for (const lane of this.lanes.values()) {
      const entry = lane.entries.find((candidate) => candidate.cmd === cmd);
      if (entry) return { lane, entry };
    }
    return undefined;
  }

  private lane(s: string): Lane {
    let lane = this.lanes.get(s);
    if (!lane) {
      lane = { entries: [], flight: undefined, tries: 0, pause: undefined };
      this.lanes.set(s, lane);
    }
    return lane;
  }

  private keep(entry: Entry): void {
    try {
      if (!this.store) throw new Error("no store");
      this.store.setItem(this.prefix + entry.cmd, JSON.stringify(entry));
    } catch {
      this.persisted = false;
    }
  }

  private stored(): Entry[] {
    const entries: Entry[] = [];
    try {
      for (let i = 0; i < (this.store?.length ?? 0); i += 1) {
        const key = this.store?.key(i);
        if (!key?.startsWith(this.prefix)) continue;
        const entry = JSON.parse(this.store?.getItem(key) ?? "null") as Entry | null;
        if (entry?.cmd && entry.s && entry.body) entries.push(entry);
      }
    } catch {
      this.persisted = false;
    }
    // Ids of version 7 sort in the order in which they were made.
    return entries.sort((a, b) => (a.cmd < b.cmd ? -1 : 1));
  }
}

// One stream as a page sees it: the folded state, recent events, who is there, and how far all of
// that can be trusted right now.
import type { By, DigFrame, EvFrame, MemberFrame, SnapFrame, SubFrame } from "./frames.ts";
import { Fold, type Step } from "./fold.ts";

/** Events kept for the timeline. */
export const EVENTS_MAX = 200;
/** Changes that no digest has confirmed for this long make the client ask for one. */
export const VERIFY_ASK_MS = 8_000;
/** ... and for this long, the page says that it is catching up. */
export const VERIFY_LATE_MS = 15_000;

/** A line of the timeline. */
export interface EventLine {
  seq: number;
  at: number;
  kind: string;
  by: By | undefined;
}

/** How far a page may be believed. */
export type Trust =
  | { kind: "live"; verifiedSeq: number }
  | { kind: "catching_up"; since: number }
  | { kind: "stale"; since: number };

export class LiveStream {
  readonly fold: Fold;
  members: MemberFrame[] = [];
  events: EventLine[] = [];
  /** When this stream was last known to be whole, ms of this device's clock. */
  goodAt = 0;
  askedAt = 0;
  /** The server will not show this stream to this person. */
  refused: { code: string; message: string } | undefined;
  private unverifiedSince = 0;
  private behindSince = 0;

  constructor(readonly name: string) {
    this.fold = new Fold(name);
  }

  onSub(frame: SubFrame): Step {
    return this.fold.onSub(frame);
  }

  onSnap(frame: SnapFrame, now: number): Step {
    const step = this.fold.onSnap(frame);
    if (step === "applied") this.moved(now);
    return step;
  }

  /** A state that was asked for by plain HTTP: true at this moment, with nothing to confirm it later. */
  onPolled(frame: SnapFrame, now: number): void {
    this.fold.onSnap(frame);
    this.refused = undefined;
    this.goodAt = now;
  }

  onEv(frame: EvFrame, now: number): Step {
    const step = this.fold.onEv(frame);
    if (step === "applied") this.moved(now);
    this.remember([{ seq: frame.seq, at: frame.at, kind: frame.kind, by: frame.by }]);
    return step;
  }

  onDig(frame: DigFrame, now: number): Step {
    const step = this.fold.onDig(frame);
    if (step === "verified") {
      this.unverifiedSince = 0;
      this.goodAt = now;
    }
    return step;
  }

  /** Whether a digest should be asked for now; remembers that it was. */
  wantsDigest(now: number): boolean {
    if (!this.unverifiedSince || now - this.unverifiedSince < VERIFY_ASK_MS) return false;
    if (now - this.askedAt < VERIFY_ASK_MS) return false;
    this.askedAt = now;
    return true;
  }

  /** `connected`: some push channel for this stream is up and not silent. */
  trust(connected: boolean, lastTrafficAt: number, now: number): Trust {
    if (!connected) {
      this.behindSince = 0;
      return { kind: "stale", since: Math.max(this.goodAt, this.fold.state ? lastTrafficAt : 0) };
    }
    const late = this.unverifiedSince > 0 && now - this.unverifiedSince > VERIFY_LATE_MS;
    if (!this.fold.health.synced || late) {
      this.behindSince ||= now;
      return { kind: "catching_up", since: this.behindSince };
    }
    this.behindSince = 0;
    this.goodAt = now;
    return { kind: "live", verifiedSeq: this.fold.health.verifiedSeq };
  }

  private moved(now: number): void {
    this.unverifiedSince ||= now;
  }

  /** Adds lines of the timeline, such as those from before this page was opened. */
  remember(lines: EventLine[]): void {
    if (!this.name.startsWith("exam:")) return;
    const known = new Map(this.events.map((line) => [line.seq, line]));
    for (const line of lines) if (!known.has(line.seq)) known.set(line.seq, line);
    this.events = [...known.values()].sort((a, b) => a.seq - b.seq).slice(-EVENTS_MAX);
  }
}

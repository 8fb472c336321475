// One stream folded from snapshots and events. Owns the rules by which a client knows that it has
// seen everything: contiguous numbers, resync on a gap, and the comparison of digests. No IO here.
import { digest, type Json } from "./canon.ts";
import type { DigFrame, EvFrame, JsonObject, Position, SnapFrame, SubFrame } from "./frames.ts";

/** Events held back while a missing one is awaited; beyond that only a snapshot helps. */
export const HELD_EVENTS_MAX = 256;

/** RFC 7386 merge patch. Shares what it does not change, so an old state stays as it was. */
export function mergePatch(target: Json | undefined, patch: JsonObject): JsonObject {
  const base = isObject(target) ? target : {};
  const out: JsonObject = { ...base };
  for (const [key, value] of Object.entries(patch)) {
    if (value === undefined) continue;
    // Plain assignment to `__proto__` would set the prototype instead of a member.
    if (value === null) delete out[key];
    else setMember(out, key, isObject(value) ? mergePatch(own(base, key), value) : value);
  }
  return out;
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function own(object: JsonObject, key: string): Json | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

function setMember(object: JsonObject, key: string, value: Json): void {
  Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
}

/** What a frame led to. */
export type Step =
  /** The state moved. */
  | "applied"
  /** Known already, or of no use now. */
  | "dropped"
  /** An event is missing: ask for a resync. */
  | "gap"
  /** The digest agrees. */
  | "verified"
  /** The digest disagrees: ask for a resync. */
  | "mismatch";

/** What a page shows about how far a stream can be trusted. */
export interface FoldHealth {
  /** A snapshot came and nothing is known to be missing. */
  synced: boolean;
  /** `seq` of the last digest that agreed. */
  verifiedSeq: number;
  /** Applied without a digest since then. */
  unverified: number;
  /** Over the fold's life, for the page that shows them and for tests. */
  gaps: number;
  mismatches: number;
  snapshots: number;
}

/** The fold of one stream. */
export class Fold {
  readonly stream: string;
  state: JsonObject | undefined;
  epoch = "";
  seq = 0;
  hash = "";
  health: FoldHealth = {
    synced: false, verifiedSeq: -1, unverified: 0, gaps: 0, mismatches: 0, snapshots: 0,
  };
  /** Frozen: a snapshot is on its way, newer events are held. */
  private waiting = true;
  private held = new Map<number, EvFrame>();
  /** Frozen by a gap alone: the missing event may still arrive late and close it. */
  private gapOnly = false;
  /** The highest `seq` that the server is known to have reached while a gap is open. */
  private target = 0;

  constructor(stream: string) {
    this.stream = stream;
  }

  /** What to resume from, once there is something. */
  position(): Position | undefined {
    if (this.state === undefined || this.waiting) return undefined;
    return { epoch: this.epoch, seq: this.seq, hash: this.hash };
  }

  /** The connection is gone: what was held back will come again. */
  disconnected(): void {
    this.held.clear();
  }

  onSub(frame: SubFrame): Step {
    // A server that could not recover sends a snapshot next; until then nothing may be applied.
    if (!frame.recovered) {
      this.freeze();
      return "dropped";
    }
    if (this.state === undefined || frame.epoch !== this.epoch) {
      return this.lost(frame.seq);
    }
    return "dropped";
  }

  onSnap(frame: SnapFrame): Step {
    const sameEpoch = this.state !== undefined && frame.epoch === this.epoch;
    if (sameEpoch && frame.seq < this.seq) return "dropped";
    if (this.state !== undefined && !sameEpoch) this.held.clear();
    if (sameEpoch && !this.waiting && frame.seq === this.seq && frame.hash === this.hash) {
      return "dropped";
    }
    this.state = frame.state;
    this.epoch = frame.epoch;
    this.seq = frame.seq;
    this.hash = frame.hash;
    this.waiting = false;
    this.health = {
      ...this.health, synced: true, unverified: this.health.unverified + 1,
      snapshots: this.health.snapshots + 1,
    };
    this.drain();
    return "applied";
  }

  onEv(frame: EvFrame): Step {
    if (this.state === undefined) {
      this.hold(frame);
      return "dropped";
    }
    if (frame.seq <= this.seq) return "dropped";
    if (this.waiting || frame.seq > this.seq + 1) {
      this.hold(frame);
      return this.waiting ? this.tryDrain(frame.seq) : this.lost(frame.seq);
    }
    this.apply(frame);
    this.drain();
    return "applied";
  }

  onDig(frame: DigFrame): Step {
    if (this.state === undefined || this.waiting) return "dropped";
    // A digest never overtakes its event on an ordered connection, so the event is missing.
    if (frame.seq > this.seq) return this.lost(frame.seq);
    if (frame.seq < this.seq) return "dropped";
    if (digest(this.state) === frame.d) {
      this.health = { ...this.health, verifiedSeq: frame.seq, unverified: 0 };
      return "verified";
    }
    this.health = { ...this.health, mismatches: this.health.mismatches + 1 };
    this.freeze();
    return "mismatch";
  }

  /** The server dropped frames for this stream; a snapshot follows. */
  onLag(): void {
    this.freeze();
  }

  private apply(frame: EvFrame): void {
    if (frame.d !== undefined) this.state = mergePatch(this.state, frame.d);
    this.seq = frame.seq;
    this.hash = frame.h;
    this.held.delete(frame.seq);
    this.health = { ...this.health, unverified: this.health.unverified + 1 };
  }

  private drain(): void {
    for (let next = this.held.get(this.seq + 1); next; next = this.held.get(this.seq + 1)) {
      this.apply(next);
    }
    for (const seq of this.held.keys()) if (seq <= this.seq) this.held.delete(seq);
  }

  private tryDrain(seen: number): Step {
    this.target = Math.max(this.target, seen);
    if (!this.gapOnly || !this.held.has(this.seq + 1)) return "dropped";
    this.drain();
    if (this.seq < this.target) return "applied";
    this.waiting = false;
    this.health = { ...this.health, synced: true };
    return "applied";
  }

  private lost(seen: number): Step {
    this.freeze();
    this.gapOnly = true;
    this.target = seen;
    this.health = { ...this.health, gaps: this.health.gaps + 1 };
    return "gap";
  }

  private freeze(): void {
    this.waiting = true;
    this.gapOnly = false;
    this.health = { ...this.health, synced: false };
  }

  private hold(frame: EvFrame): void {
    if (this.held.size < HELD_EVENTS_MAX) this.held.set(frame.seq, frame);
  }
}

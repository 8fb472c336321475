// Frames of the live protocol v1 as the client reads and writes them. Fields that a newer server
// adds are ignored, and so are frames of an unknown `t`.
import type { Json } from "./canon.ts";

/** A state or a merge patch: a JSON object. */
export type JsonObject = { [key: string]: Json | undefined };

/** Where a client stands in a stream. */
export interface Position {
  epoch: string;
  seq: number;
  hash: string;
}

/** Who caused an event. */
export type By = "system" | { person: number };

/** Someone who is connected to a stream. */
export interface Member {
  person: number;
  name: string;
  role: string;
  since: number;
}

/** Who is signed in. */
export interface Person {
  id: number;
  name: string;
  roles: string[];
}

export interface WelcomeFrame {
  t: "welcome";
  id?: number;
  sess: string;
  /** Seconds between the server's pings. */
  ping: number;
  /** When the sign-in ends, ms. */
  exp?: number;
  person?: Person;
  /** The server's clock, ms. */
  now?: number;
  limits?: { inflight?: number };
}
export interface SubFrame {
  t: "sub";
  id?: number;
  s: string;
  recovered: boolean;
  epoch: string;
  seq: number;
}
export interface SnapFrame {
  t: "snap";
  s: string;
  epoch: string;
  seq: number;
  hash: string;
  v?: number;
  state: JsonObject;
}
export interface EvFrame {
  t: "ev";
  s: string;
  seq: number;
  at: number;
  kind: string;
  v?: number;
  /** Missing for `sealed`. */
  by?: By;
  /** Merge patch of the state; missing for `sealed`. */
  d?: JsonObject;
  h: string;
}
export interface DigFrame {
  t: "dig";
  s: string;
  seq: number;
  d: string;
}
export interface LagFrame {
  t: "lag";
  s: string;
  missed: number;
}
export interface PresFrame {
  t: "pres";
  s: string;
  members: Member[];
  observers?: number;
}
export interface AckFrame {
  t: "ack";
  id?: number;
  cmd?: string;
  seq?: number;
  epoch?: string;
  dup?: boolean;
}
export interface ErrFrame {
  t: "err";
  id?: number;
  cmd?: string;
  s?: string;
  code: string;
  message: string;
  temporary: boolean;
  after_ms?: number;
}
export interface PingFrame {
  t: "ping";
}
export interface AuthSoonFrame {
  t: "auth_soon";
  in: number;
}
export interface ByeFrame {
  t: "bye";
  code: number;
  reconnect: boolean;
  after_ms?: number;
}

export type ServerFrame =
  | WelcomeFrame | SubFrame | SnapFrame | EvFrame | DigFrame | LagFrame | PresFrame
  | AckFrame | ErrFrame | PingFrame | AuthSoonFrame | ByeFrame;

const KNOWN = new Set([
  "welcome", "sub", "snap", "ev", "dig", "lag", "pres", "ack", "err", "ping", "auth_soon", "bye",
]);

/** The messages of one text frame; what cannot be read is counted, not thrown. */
export function parseFrames(text: string): { frames: ServerFrame[]; unreadable: number } {
  const frames: ServerFrame[] = [];
  let unreadable = 0;
  for (const line of text.split("\n")) {
    if (line.trim() === "") continue;
    try {
      const value = JSON.parse(line) as { t?: unknown };
      if (typeof value.t === "string" && KNOWN.has(value.t)) frames.push(value as ServerFrame);
    } catch {
      unreadable += 1;
    }
  }
  return { frames, unreadable };
}

// Frames of the live protocol v1 as the client reads them. Their shapes are the server's; fields
// that a newer server adds are ignored, and so are frames of an unknown `t`.
import type { PositionFrame, ServerFrame } from "../api/wire.ts";
import type { Json } from "./canon.ts";

export type { By, MemberFrame, ServerFrame } from "../api/wire.ts";

/** A state or a merge patch: a JSON object. */
export type JsonObject = { [key: string]: Json | undefined };

/** Where a client stands in a stream. */
export type Position = Required<PositionFrame>;

type Frame<T extends ServerFrame["t"]> = Extract<ServerFrame, { t: T }>;
export type WelcomeFrame = Frame<"welcome">;
export type SubFrame = Frame<"sub">;
/** The fold knows nothing of exams: a state is any JSON object. */
export type SnapFrame = Omit<Frame<"snap">, "state" | "v"> & { state: JsonObject };
export type EvFrame = Omit<Frame<"ev">, "d" | "v"> & { d?: JsonObject };
export type DigFrame = Frame<"dig">;
/** An answer to a command, over the socket or by POST: what it is about is in `cmd`. */
export type AckFrame = Omit<Frame<"ack">, "id">;
export type ErrFrame = Frame<"err">;

const KNOWN = new Set([
  "welcome", "sub", "snap", "ev", "dig", "lag", "pres", "ack", "err", "ping", "auth_soon", "auth", "bye",
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

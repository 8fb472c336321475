// What pages work out from an exam's view: tones, groups, remaining time. No words, no DOM.
import type { BoardRow, Phase, Severity, TimeView } from "../api/wire.ts";

export type Tone = "quiet" | "live" | "ok" | "warn" | "bad" | "violet";

const TONES: Record<Phase, Tone> = {
  planned: "quiet", synced: "quiet", gathering: "violet", ready: "violet", theory_running: "live",
  theory_scored: "warn", failed_theory: "warn", practice_admitted: "violet", practice_running: "live",
  practice_scored: "warn", protocol_draft: "warn", completed: "ok", suspended: "bad", aborted: "bad",
  cancelled: "quiet", no_show: "bad",
};

export const phaseTone = (phase: Phase): Tone => TONES[phase];
export const severityTone = (severity: Severity): Tone =>
  severity === "critical" ? "bad" : severity === "serious" ? "warn" : "quiet";

const FINAL: readonly Phase[] = ["completed", "aborted", "cancelled", "no_show"];
export const isFinal = (phase: Phase): boolean => FINAL.includes(phase);
export const isAhead = (phase: Phase): boolean => phase === "planned" || phase === "synced";

/** The fields from which remaining time follows. */
export type Timed = Pick<TimeView, "allowed" | "consumed" | "running_since">;

/** What is left of the running stage, ms, never below zero. */
export function remaining(time: Timed, now: number): number {
  const run = time.running_since === undefined ? 0 : Math.max(0, now - time.running_since);
  return Math.max(0, time.allowed - time.consumed - run);
}

/** Whether the candidate's clock says anything now: it runs, or was stopped in the middle. */
export const isTimed = (phase: Phase, time: Timed): boolean =>
  time.running_since !== undefined || phase === "suspended";

const TESTING: readonly Phase[] = ["theory_running", "theory_scored", "failed_theory", "suspended"];
/** Whether the number of answers is worth showing. */
export const isTesting = (phase: Phase): boolean => TESTING.includes(phase);

/** Under this much the clock is shown as urgent. */
export const URGENT_MS = 5 * 60_000;

export type Group = "attention" | "running" | "planned" | "done";

/** What a row must tell to be put in its place: rows of boards and of lists both do. */
export type Placed = Pick<BoardRow, "exam" | "phase" | "begins_at" | "room"> & { worst?: Severity };

/** Where an exam belongs on a board. */
export function groupOf(row: Placed): Group {
  if (isFinal(row.phase)) return "done";
  if (row.phase === "suspended" || row.worst === "critical" || row.worst === "serious") return "attention";
  return isAhead(row.phase) ? "planned" : "running";
}

const ORDER: Group[] = ["attention", "running", "planned", "done"];

/** Incidents float to the top; then what runs, what is ahead, what is over. */
export function boardOrder(a: Placed, b: Placed): number {
  const group = ORDER.indexOf(groupOf(a)) - ORDER.indexOf(groupOf(b));
  if (group !== 0) return group;
  if (a.begins_at !== b.begins_at) return a.begins_at - b.begins_at;
  return a.room.localeCompare(b.room, "ru", { numeric: true }) || a.exam - b.exam;
}

/** A moment as a `datetime-local` field takes it, in the browser's zone. */
export function localMinute(at: number): string {
  return new Date(at - new Date(at).getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** The entries of a map by id, by their `number`. */
export function numbered<T extends { number: number }>(map: Record<string, T>): [number, T][] {
  return Object.entries(map)
    .map(([id, value]): [number, T] => [Number(id), value])
    .sort((a, b) => a[1].number - b[1].number);
}

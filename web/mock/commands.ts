// What the stand-in server does with a command: a rough shadow of the engine's rules.
import type { Command, ExamView } from "../src/api/wire.ts";
import type { MockExam, Person } from "./exams.ts";

/** Applies a command; returns the kinds of events it led to, or a refusal's code. */
export function apply(exam: MockExam, body: Command, person: Person, now: number): string[] | { code: string } {
  const view = exam.view;
  const me = String(person.id);
  switch (body.type) {
    case "open": view.phase = "gathering"; view.theory = { ...view.theory!, questions: 5, commitment: "9f3c".repeat(16), form_hash: "ab12".repeat(16) }; return ["opened", "form_committed"];
    case "mark_synced": view.phase = "synced"; return ["synced"];
    case "arrive": { const seat = view.panel[me]; if (seat) seat.present_since = now; delete view.waits[me]; return ["expert_arrived", ...ready(view)]; }
    case "leave": delete view.panel[me]?.present_since; return ["expert_left"];
    case "confirm_identity": view.candidate.confirmed[me] = now; return ["identity_confirmed", ...ready(view)];
    case "record_no_show": view.phase = "no_show"; view.reason = body.reason; return ["no_show_recorded"];
    case "start_theory": view.phase = "theory_running"; view.time.running_since = now; return ["theory_started"];
    case "save_answer":
      if (view.phase !== "theory_running") return { code: "wrong_phase" };
      exam.answers[body.question] = body.answer; view.theory!.answered = Object.keys(exam.answers).length; return ["answer_saved"];
    case "flag_question": if (body.flagged) exam.flags[body.question] = true; else delete exam.flags[body.question]; return ["question_flagged"];
    case "submit_theory": stop(view, now); view.phase = "theory_scored"; view.theory = { ...view.theory!, ended_at: now, result: { score: "65", shown: "65.00", max: "100", pass: "60", passed: true, by_time: false } }; return ["theory_ended", "theory_scored"];
    case "confirm_theory": if (view.theory?.result?.passed) { view.phase = "practice_admitted"; return ["theory_confirmed"]; } return draft(view, now, "fail");
    case "start_practice": view.phase = "practice_running"; view.time = { ...view.time, stage: "practice", consumed: 0, allowed: 3_600_000, base: 3_600_000, running_since: now }; view.practice = { ...view.practice!, started_at: now, task: 1 }; waitAll(view, "lock", now); return ["practice_started"];
    case "place_mark": { const c = view.practice?.tasks[body.task]?.criteria?.[body.criterion]; if (!c) return { code: "unknown" }; (c.marks ??= {})[me] = { value: body.value, at: now, refers_at: body.refers_at ?? now }; return ["mark_placed"]; }
    case "lock_task": return lock(view, body.task, me, now);
    case "vote_verdict": delete view.waits[me]; if (Object.keys(view.waits).length > 0) return ["verdict_voted"]; view.verdict = { passed: body.passed, departed: false, by_chair: false, reasons: [] }; return ["verdict_voted", "verdict_decided", ...draft(view, now, body.passed ? "pass" : "fail")];
    case "sign_protocol": { view.protocol!.signatures[me] = body.dissent === undefined ? { at: now } : { at: now, dissent: body.dissent }; delete view.waits[me]; if (Object.keys(view.protocol!.signatures).length < 3) return ["protocol_signed"]; view.phase = "completed"; view.outcome = view.protocol!.outcome; view.waits = {}; return ["protocol_signed", "completed", "seed_revealed"]; }
    case "suspend": view.suspended_from = view.phase; view.phase = "suspended"; view.reason = body.reason; stop(view, now); return ["suspended"];
    case "resume": view.phase = view.suspended_from ?? "ready"; delete view.suspended_from; delete view.reason; if (view.phase.endsWith("running")) view.time.running_since = now; return ["resumed"];
    case "cancel": view.phase = "cancelled"; view.reason = body.reason; return ["cancelled"];
    case "abort": view.phase = "aborted"; view.reason = body.reason; return ["aborted"];
    case "grant_time": enter(view, { effect: "grant", minutes: body.minutes, reason: body.reason }, body.minutes * 60_000, person, now); return ["time_entered"];
    case "accept_outage": enter(view, { effect: "outage", lost: body.lost, reason: body.reason }, body.lost, person, now); return ["time_entered"];
    case "accommodate": enter(view, { effect: "multiply", percent: body.percent, reason: body.reason }, (view.time.base * (body.percent - 100)) / 100, person, now); return ["time_entered"];
    case "report_incident": view.incidents[exam.seq + 1] = { category: body.category, severity: body.severity, text: body.text, at: now, by: person.id }; return ["incident_reported"];
    case "resolve_incident": { const i = view.incidents[body.incident]; if (i) i.resolved = body.text; return ["incident_resolved"]; }
    case "add_comment": view.comments[exam.seq + 1] = { category: body.category, text: body.text, at: now, by: person.id }; return ["comment_added"];
    case "reschedule": view.begins_at = body.begins_at; view.ends_at = body.ends_at; view.room = body.room; return ["rescheduled"];
    default: return { code: "not_allowed" };
  }
}

function ready(view: ExamView): string[] {
  const present = Object.values(view.panel).filter((s) => s.present_since !== undefined).length;
  if (view.phase !== "gathering" || present < view.quorum || Object.keys(view.candidate.confirmed).length === 0) return [];
  view.phase = "ready";
  return ["readied"];
}

function stop(view: ExamView, now: number): void {
  if (view.time.running_since === undefined) return;
  view.time.consumed += now - view.time.running_since;
  delete view.time.running_since;
}

function waitAll(view: ExamView, what: "lock" | "vote" | "signature", now: number): void {
  view.waits = Object.fromEntries(Object.keys(view.panel).map((p) => [p, { what, since: now }]));
}

function draft(view: ExamView, now: number, outcome: "pass" | "fail"): string[] {
  view.phase = "protocol_draft";
  view.protocol = { outcome, hash: "c0de".repeat(16), drafted_at: now, signatures: {} };
  waitAll(view, "signature", now);
  return ["protocol_drafted"];
}

function lock(view: ExamView, id: number, me: string, now: number): string[] | { code: string } {
  const task = view.practice?.tasks[id];
  if (!task || view.practice?.task !== id) return { code: "not_current_task" };
  if (Object.values(task.criteria ?? {}).some((c) => c.marks?.[me] === undefined)) return { code: "marks_missing" };
  (task.locks ??= {})[me] = now;
  delete view.waits[me];
  const awaited = Object.entries(view.panel).filter(([, seat]) => seat.present_since !== undefined).map(([p]) => p);
  if (!awaited.every((p) => task.locks?.[p]) && task.lock === "all_experts") return ["task_locked"];
  task.settled = true;
  for (const c of Object.values(task.criteria ?? {})) c.result = c.marks?.[me]?.value ?? "0";
  const next = Object.entries(view.practice.tasks).find(([, t]) => !t.settled);
  if (next) { view.practice.task = Number(next[0]); waitAll(view, "lock", now); return ["task_locked", "task_settled"]; }
  delete view.practice.task;
  stop(view, now);
  view.practice = { ...view.practice, total: "35/2", passed: true };
  view.phase = "practice_scored";
  waitAll(view, "vote", now);
  return ["task_locked", "task_settled", "practice_scored"];
}

function enter(view: ExamView, entry: { effect: "grant" | "outage" | "multiply"; minutes?: number; lost?: number; percent?: number; reason: string }, ms: number, person: Person, now: number): void {
  const n = Object.keys(view.time.entries).length + 1;
  view.time.entries[n] = { ...entry, stage: view.time.stage, approver: person.id, at: now };
  view.time.allowed += ms;
}

// The shapes that the server sends, written by hand until they are generated from Rust.
// Names and fields are those of the engine's views and commands.

export type Role = "candidate" | "expert" | "operator" | "observer" | "council" | "administrator" | "service";
export type Severity = "notice" | "serious" | "critical";
export type Category = "technical" | "procedure" | "conduct" | "safety" | "work" | "other";
export type Outcome = "pass" | "fail";
export type PanelRole = "chair" | "expert" | "technical_expert";
export type ExamClass = "theory" | "practice" | "theory_practice";
export type WaitFor = "arrival" | "lock" | "vote" | "signature";
export type Phase =
  | "planned" | "synced" | "gathering" | "ready" | "theory_running" | "theory_scored"
  | "failed_theory" | "practice_admitted" | "practice_running" | "practice_scored"
  | "protocol_draft" | "completed" | "suspended" | "aborted" | "cancelled" | "no_show";

export type Answer =
  | { type: "choice"; chosen: number[] }
  | { type: "matching"; pairs: Record<string, number> }
  | { type: "ordering"; order: number[] }
  | { type: "open"; gaps: string[] };

export type PresentedKind = "choice" | "matching" | "ordering" | "open";
export interface PresentedVariant {
  id: number;
  text: string;
  img?: string;
}
export type PresentedSegment = { type: "text"; text: string } | { type: "gap"; index: number };
export interface PresentedQuestion {
  question_id: number;
  number: number;
  points: string;
  kind: PresentedKind;
  multiple: boolean;
  text: string;
  img?: string;
  variants: PresentedVariant[];
  lefts: PresentedVariant[];
  rights: PresentedVariant[];
  segments: PresentedSegment[];
}

export interface CandidateView {
  id: number;
  name: string;
  confirmed: Record<string, number>;
}
export interface SeatView {
  name: string;
  role: PanelRole;
  present_since?: number;
}
export interface TheoryResultView {
  score: string;
  shown: string;
  max: string;
  pass: string;
  passed: boolean;
  by_time: boolean;
}
export interface TheoryView {
  questions: number;
  answered: number;
  commitment?: string;
  form_hash?: string;
  seed?: string;
  started_at?: number;
  ended_at?: number;
  result?: TheoryResultView;
  form?: Record<string, PresentedQuestion>;
  answers?: Record<string, Answer>;
  flags?: Record<string, true>;
}
export interface MarkView {
  value: string;
  at: number;
  refers_at: number;
}
export interface CriterionView {
  number: number;
  name: string;
  kind: "measurement" | "judgement";
  max: string;
  spread: string;
  marks?: Record<string, MarkView>;
  result?: string;
}
export interface TaskView {
  number: number;
  title: string;
  text: string;
  minutes: number;
  lock: "all_experts" | "chair";
  criteria?: Record<string, CriterionView>;
  locks?: Record<string, number>;
  recalled?: Record<string, number>;
  settled: boolean;
}
export interface PracticeView {
  title: string;
  started_at?: number;
  time_over: boolean;
  task?: number;
  tasks: Record<string, TaskView>;
  total?: string;
  passed?: boolean;
}
interface TimeEntry {
  stage: "theory" | "practice";
  effect: "multiply" | "grant" | "outage";
  percent?: number;
  minutes?: number;
  lost?: number;
  approver?: number;
  reason: string;
  at: number;
}
export interface TimeView {
  stage: "theory" | "practice";
  base: number;
  allowed: number;
  consumed: number;
  running_since?: number;
  entries: Record<string, TimeEntry>;
}
export interface WaitView {
  what: WaitFor;
  since: number;
}
export interface VerdictView {
  passed: boolean;
  departed: boolean;
  by_chair: boolean;
  reasons: string[];
}
export interface SignatureView {
  at: number;
  dissent?: string;
}
export interface ProtocolView {
  outcome: Outcome;
  hash: string;
  drafted_at: number;
  signatures: Record<string, SignatureView>;
}
export interface IncidentView {
  category: Category;
  severity: Severity;
  text: string;
  at: number;
  by?: number;
  resolved?: string;
}
export interface CommentView {
  category: Category;
  text: string;
  at: number;
  by?: number;
}
export interface ExamView {
  exam: number;
  phase: Phase;
  suspended_from?: Phase;
  reason?: string;
  class: ExamClass;
  title: string;
  qualification: string;
  centre: string;
  room: string;
  tz: string;
  begins_at: number;
  ends_at: number;
  candidate: CandidateView;
  panel: Record<string, SeatView>;
  quorum: number;
  theory?: TheoryView;
  practice?: PracticeView;
  time: TimeView;
  waits: Record<string, WaitView>;
  verdict?: VerdictView;
  protocol?: ProtocolView;
  outcome?: Outcome;
  incidents: Record<string, IncidentView>;
  comments: Record<string, CommentView>;
}
export interface BoardWait {
  name: string;
  what: WaitFor;
  since: number;
}
export interface BoardRow {
  exam: number;
  phase: Phase;
  suspended_from?: Phase;
  title: string;
  centre: string;
  room: string;
  candidate: string;
  begins_at: number;
  ends_at: number;
  allowed: number;
  consumed: number;
  running_since?: number;
  answered: number;
  questions: number;
  task?: string;
  waits: Record<string, BoardWait>;
  present: number;
  panel: number;
  open_incidents: number;
  worst?: Severity;
  outcome?: Outcome;
  seq: number;
}

export interface BoardAlert {
  kind: string;
  text: string;
  exam?: number;
  at: number;
}
export interface BoardState {
  rows: Record<string, BoardRow>;
  alerts: Record<string, BoardAlert>;
}
export interface ListedExam {
  exam: number;
  phase: Phase;
  live: boolean;
  title: string;
  room: string;
  class: ExamClass;
  begins_at: number;
  ends_at: number;
  candidate: string;
  candidate_id: number;
  panel: number[];
  outcome?: Outcome;
}
export interface ExamList {
  exams: ListedExam[];
  next?: number;
}
export interface PersonFrame {
  id: number;
  name: string;
  roles: Role[];
}
export interface Session {
  person: PersonFrame;
  exp: number;
}
export interface CommandReply {
  cmd: string;
  seq: number;
  epoch: string;
  dup: boolean;
}
export interface Problem {
  type: string;
  title: string;
  status: number;
  code: string;
  detail: string;
  temporary: boolean;
  after_ms: number;
}
export type By = { person: number } | "system";
export interface TimelineRecord {
  seq: number;
  at: number;
  kind: string;
  by?: By;
  hash: string;
}
export interface Timeline {
  exam: number;
  records: TimelineRecord[];
}

export type Command =
  | { type: "reschedule"; begins_at: number; ends_at: number; room: string }
  | { type: "mark_synced" }
  | { type: "open" }
  | { type: "arrive" }
  | { type: "leave"; reason: string }
  | { type: "confirm_identity" }
  | { type: "record_no_show"; reason: string }
  | { type: "start_theory" }
  | { type: "save_answer"; question: number; answer: Answer }
  | { type: "flag_question"; question: number; flagged: boolean }
  | { type: "submit_theory" }
  | { type: "confirm_theory" }
  | { type: "reopen_theory"; reason: string }
  | { type: "start_practice" }
  | { type: "place_mark"; task: number; criterion: number; value: string; refers_at?: number }
  | { type: "lock_task"; task: number }
  | { type: "close_practice"; reason: string }
  | { type: "vote_verdict"; passed: boolean; reason?: string }
  | { type: "sign_protocol"; dissent?: string }
  | { type: "suspend"; reason: string }
  | { type: "resume" }
  | { type: "abort"; reason: string }
  | { type: "cancel"; reason: string }
  | { type: "grant_time"; minutes: number; reason: string }
  | { type: "accommodate"; percent: number; reason: string }
  | { type: "accept_outage"; lost: number; reason: string }
  | { type: "report_incident"; category: Category; severity: Severity; text: string }
  | { type: "resolve_incident"; incident: number; text: string }
  | { type: "add_comment"; category: Category; text: string };

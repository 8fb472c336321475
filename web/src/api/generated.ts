// Written by `nsk` from its Rust types; a test keeps it up to date. Change those.

/**
 * Roles beyond those that an exam's own panel and candidate give.
 */
export type Role = "candidate" | "expert" | "operator" | "observer" | "council" | "administrator" | "service";

/**
 * How bad an incident is.
 */
export type Severity = "notice" | "serious" | "critical";

/**
 * What an incident or comment is about.
 */
export type Category = "technical" | "procedure" | "conduct" | "safety" | "work" | "other";

/**
 * How an exam ended.
 */
export type Outcome = "pass" | "fail";

/**
 * A person's part on a panel.
 */
export type PanelRole = "chair" | "expert" | "technical_expert";

/**
 * Which parts an exam has.
 */
export type ExamClass = "theory" | "practice" | "theory_practice";

/**
 * What somebody is awaited for.
 */
export type WaitFor = "arrival" | "lock" | "vote" | "signature";

/**
 * Where an exam stands. The words are those that REST and frames show.
 */
export type Phase = "planned" | "synced" | "gathering" | "ready" | "theory_running" | "theory_scored" | "failed_theory" | "practice_admitted" | "practice_running" | "practice_scored" | "protocol_draft" | "completed" | "suspended" | "aborted" | "cancelled" | "no_show";

/**
 * A seat on the panel.
 */
export type PanelMember = { 
/**
 * Who.
 */
person: number, 
/**
 * Full name.
 */
name: string, 
/**
 * Part on the panel.
 */
role: PanelRole, };

/**
 * The candidate.
 */
export type Candidate = { 
/**
 * Who.
 */
person: number, 
/**
 * Full name.
 */
name: string, };

/**
 * A schedule entry.
 */
export type Plan = { 
/**
 * The number that every REST and frame shows.
 */
wire_id: number, 
/**
 * Which parts it has.
 */
class: ExamClass, 
/**
 * The qualification's name.
 */
title: string, 
/**
 * The qualification's number, such as 12.00798.02.
 */
qualification: string, 
/**
 * The qualification's id (`skill_id` on the wire).
 */
skill_id: number, 
/**
 * The centre (ЦОК).
 */
centre: string, 
/**
 * The room.
 */
room: string, 
/**
 * IANA zone of the place.
 */
tz: string, 
/**
 * Planned start.
 */
begins_at: number, 
/**
 * Planned end.
 */
ends_at: number, 
/**
 * The candidate.
 */
candidate: Candidate, 
/**
 * The panel; one of them is the chair.
 */
panel: Array<PanelMember>, 
/**
 * Experts needed.
 */
quorum: number, 
/**
 * Hash of the theory tool, for classes with theory.
 */
tool?: string, 
/**
 * Hash of the practice tool, for classes with practice.
 */
practice?: string, 
/**
 * How forms are drawn; the tool's own blocks when absent.
 */
blueprint?: unknown, };

/**
 * A candidate's answer to one question.
 */
export type Answer = { "type": "choice", 
/**
 * At most one where one is to be chosen.
 */
chosen: number[], } | { "type": "matching", 
/**
 * Left to right.
 */
pairs: Record<string, number>, } | { "type": "ordering", 
/**
 * From the first.
 */
order: number[], } | { "type": "open", 
/**
 * One for each gap.
 */
gaps: Array<string>, };

/**
 * Why an answer cannot be an answer to its question.
 */
export type AnswerFault = { "fault": "wrong_type", 
/**
 * The question's type.
 */
expected: string, 
/**
 * The answer's type.
 */
found: string, } | { "fault": "unknown_variant", 
/**
 * The variant named.
 */
id: number, } | { "fault": "duplicate", 
/**
 * The variant named.
 */
id: number, } | { "fault": "too_many", 
/**
 * How many were chosen.
 */
found: number, } | { "fault": "gap_count", 
/**
 * Gaps of the question.
 */
expected: number, 
/**
 * Gaps of the answer.
 */
found: number, } | { "fault": "gap_too_long", 
/**
 * Number of the gap from 1.
 */
index: number, 
/**
 * Characters allowed.
 */
max: number, };

/**
 * A command to one exam. `type` on the wire is the variant in snake case.
 */
export type Command = { "type": "plan", 
/**
 * The whole schedule entry.
 */
plan: Plan, } | { "type": "reschedule", 
/**
 * New start.
 */
begins_at: number, 
/**
 * New end.
 */
ends_at: number, 
/**
 * New room.
 */
room: string, } | { "type": "mark_synced", } | { "type": "open", } | { "type": "arrive", } | { "type": "leave", 
/**
 * Why.
 */
reason: string, } | { "type": "confirm_identity", } | { "type": "record_no_show", 
/**
 * What was done to find them.
 */
reason: string, } | { "type": "start_theory", } | { "type": "save_answer", 
/**
 * Which question.
 */
question: number, 
/**
 * The whole answer.
 */
answer: Answer, } | { "type": "flag_question", 
/**
 * Which question.
 */
question: number, 
/**
 * Set or cleared.
 */
flagged: boolean, } | { "type": "submit_theory", } | { "type": "confirm_theory", } | { "type": "reopen_theory", 
/**
 * Why.
 */
reason: string, } | { "type": "start_practice", } | { "type": "reopen_practice", 
/**
 * Why.
 */
reason: string, } | { "type": "place_mark", 
/**
 * The task.
 */
task: number, 
/**
 * The criterion.
 */
criterion: number, 
/**
 * The points, such as `2` or `5/2`.
 */
value: string, 
/**
 * The moment of the work that the mark refers to.
 */
refers_at?: number, } | { "type": "lock_task", 
/**
 * The task.
 */
task: number, } | { "type": "close_practice", 
/**
 * Why.
 */
reason: string, } | { "type": "vote_verdict", 
/**
 * Passed or not.
 */
passed: boolean, 
/**
 * Required when the vote departs from the computed verdict.
 */
reason?: string, } | { "type": "sign_protocol", 
/**
 * A dissenting opinion.
 */
dissent?: string, } | { "type": "suspend", 
/**
 * Why.
 */
reason: string, } | { "type": "resume", } | { "type": "abort", 
/**
 * Why.
 */
reason: string, } | { "type": "cancel", 
/**
 * Why.
 */
reason: string, } | { "type": "grant_time", 
/**
 * How many.
 */
minutes: number, 
/**
 * Why.
 */
reason: string, } | { "type": "accommodate", 
/**
 * Percent of the base time, over 100.
 */
percent: number, 
/**
 * Why.
 */
reason: string, } | { "type": "accept_outage", 
/**
 * Milliseconds.
 */
lost: number, 
/**
 * What happened.
 */
reason: string, } | { "type": "report_incident", 
/**
 * What it is about.
 */
category: Category, 
/**
 * How bad it is.
 */
severity: Severity, 
/**
 * What happened.
 */
text: string, } | { "type": "resolve_incident", 
/**
 * The `seq` under which it was reported.
 */
incident: number, 
/**
 * How it ended.
 */
text: string, } | { "type": "add_comment", 
/**
 * What it is about.
 */
category: Category, 
/**
 * The comment.
 */
text: string, } | { "type": "note_action", 
/**
 * The action's type.
 */
a_type: string, 
/**
 * Whatever belongs to it.
 */
data: unknown, } | { "type": "end_time", } | { "type": "record_station_outage", 
/**
 * How long, milliseconds.
 */
lost: number, };

/**
 * The type of a presented question.
 */
export type PresentedKind = "choice" | "matching" | "ordering" | "open";

/**
 * A variant as shown.
 */
export type PresentedVariant = { 
/**
 * Its id, to be named in the answer.
 */
id: number, 
/**
 * Plain text.
 */
text: string, 
/**
 * Absolute URL of its image.
 */
img?: string, };

/**
 * A piece of an open question as shown.
 */
export type PresentedSegment = { "type": "text", 
/**
 * Plain text.
 */
text: string, } | { "type": "gap", 
/**
 * Its place in the answer's `gaps`, from 0.
 */
index: number, };

/**
 * A question as the candidate's browser renders it: nothing in it tells the correct answer.
 */
export type PresentedQuestion = { 
/**
 * The question.
 */
question_id: number, 
/**
 * Its number in the form, from 1.
 */
number: number, 
/**
 * What it is worth, such as `35/2`.
 */
points: string, 
/**
 * Its type.
 */
kind: PresentedKind, 
/**
 * Choice: several may be chosen.
 */
multiple: boolean, 
/**
 * Plain text; empty for an open question, whose text is in `segments`.
 */
text: string, 
/**
 * Absolute URL of its image.
 */
img?: string, 
/**
 * Choice and ordering: the variants in the order shown.
 */
variants: Array<PresentedVariant>, 
/**
 * Matching: the lefts in the order shown.
 */
lefts: Array<PresentedVariant>, 
/**
 * Matching: the rights in the order shown.
 */
rights: Array<PresentedVariant>, 
/**
 * Open: text and gaps as they follow one another.
 */
segments: Array<PresentedSegment>, };

/**
 * The candidate.
 */
export type CandidateView = { 
/**
 * Who.
 */
id: number, 
/**
 * Full name.
 */
name: string, 
/**
 * Experts who checked their identity, and when.
 */
confirmed: Record<string, number>, };

/**
 * A seat on the panel.
 */
export type SeatView = { 
/**
 * Full name.
 */
name: string, 
/**
 * Part on the panel.
 */
role: PanelRole, 
/**
 * Since when they are present.
 */
present_since?: number, };

/**
 * A theory result.
 */
export type TheoryResultView = { 
/**
 * Exact points, such as `35/2`.
 */
score: string, 
/**
 * Rounded to hundredths, for display.
 */
shown: string, 
/**
 * Points reachable.
 */
max: string, 
/**
 * Points needed.
 */
pass: string, 
/**
 * Passed, by the exact points.
 */
passed: boolean, 
/**
 * Ended by time.
 */
by_time: boolean, };

/**
 * The theory part.
 */
export type TheoryView = { 
/**
 * Number of questions.
 */
questions: number, 
/**
 * How many have an answer.
 */
answered: number, 
/**
 * Commitment to the seed.
 */
commitment?: string, 
/**
 * Hash of the form.
 */
form_hash?: string, 
/**
 * The seed, once revealed.
 */
seed?: string, 
/**
 * When it started.
 */
started_at?: number, 
/**
 * When it ended.
 */
ended_at?: number, 
/**
 * Its result.
 */
result?: TheoryResultView, 
/**
 * The questions by their number from 1; for the candidate, while the test runs.
 */
form?: Record<string, PresentedQuestion>, 
/**
 * Saved answers by question; for the candidate.
 */
answers?: Record<string, Answer>, 
/**
 * Flagged questions; for the candidate.
 */
flags?: Record<string, true>, };

/**
 * A mark.
 */
export type MarkView = { 
/**
 * The points.
 */
value: string, 
/**
 * When it was placed.
 */
at: number, 
/**
 * The moment of the work that it refers to.
 */
refers_at: number, };

/**
 * A criterion with the marks that this audience may see.
 */
export type CriterionView = { 
/**
 * Its place in the task, from 1.
 */
number: number, 
/**
 * Its name.
 */
name: string, 
/**
 * How it is marked.
 */
kind: 'measurement' | 'judgement', 
/**
 * The highest mark.
 */
max: string, 
/**
 * How far marks may lie apart.
 */
spread: string, 
/**
 * Visible marks by expert: one's own, and those of experts who have locked.
 */
marks?: Record<string, MarkView>, 
/**
 * The points, once settled.
 */
result?: string, };

/**
 * A practice task.
 */
export type TaskView = { 
/**
 * Its place in the tool, from 1.
 */
number: number, 
/**
 * Its title.
 */
title: string, 
/**
 * What is to be done.
 */
text: string, 
/**
 * Planned minutes.
 */
minutes: number, 
/**
 * Whose lock closes it.
 */
lock: 'all_experts' | 'chair', 
/**
 * Its criteria; not for the candidate.
 */
criteria?: Record<string, CriterionView>, 
/**
 * Who has locked, and when.
 */
locks?: Record<string, number>, 
/**
 * Who was called back, and when.
 */
recalled?: Record<string, number>, 
/**
 * All its criteria have their points.
 */
settled: boolean, };

/**
 * The practice part.
 */
export type PracticeView = { 
/**
 * The tool's title.
 */
title: string, 
/**
 * When it started.
 */
started_at?: number, 
/**
 * The candidate's time is over.
 */
time_over: boolean, 
/**
 * The task that is being marked.
 */
task?: number, 
/**
 * Tasks by id, in the tool's order by `number`.
 */
tasks: Record<string, TaskView>, 
/**
 * Points, once scored.
 */
total?: string, 
/**
 * The computed verdict, once scored.
 */
passed?: boolean, };

/**
 * The time of the current stage: remaining = allowed − consumed − (now − running_since).
 */
export type TimeView = { 
/**
 * Which stage.
 */
stage: 'theory' | 'practice', 
/**
 * The tool's time, ms.
 */
base: number, 
/**
 * All that the candidate may use, ms.
 */
allowed: number, 
/**
 * What was used before the current run, ms.
 */
consumed: number, 
/**
 * Since when the clock runs; absent while it stands.
 */
running_since?: number, 
/**
 * The ledger's entries by number from 1.
 */
entries: Record<string, {stage: 'theory' | 'practice', effect: 'multiply' | 'grant' | 'outage', percent?: number, minutes?: number, lost?: number, approver?: number, reason: string, at: number}>, };

/**
 * Somebody is awaited.
 */
export type WaitView = { 
/**
 * For what.
 */
what: WaitFor, 
/**
 * Since when.
 */
since: number, };

/**
 * The panel's decision.
 */
export type VerdictView = { 
/**
 * Passed or not.
 */
passed: boolean, 
/**
 * It departs from the computed verdict.
 */
departed: boolean, 
/**
 * The chair decided a tie.
 */
by_chair: boolean, 
/**
 * Reasons for the departure.
 */
reasons: Array<string>, };

/**
 * A signature.
 */
export type SignatureView = { 
/**
 * When.
 */
at: number, 
/**
 * A dissenting opinion.
 */
dissent?: string, };

/**
 * The protocol.
 */
export type ProtocolView = { 
/**
 * The outcome it states.
 */
outcome: Outcome, 
/**
 * Hash of its content.
 */
hash: string, 
/**
 * When it was drafted.
 */
drafted_at: number, 
/**
 * Signatures by expert.
 */
signatures: Record<string, SignatureView>, };

/**
 * An incident.
 */
export type IncidentView = { 
/**
 * About what.
 */
category: Category, 
/**
 * How bad.
 */
severity: Severity, 
/**
 * What happened.
 */
text: string, 
/**
 * When.
 */
at: number, 
/**
 * Who reported it.
 */
by?: number, 
/**
 * How it ended.
 */
resolved?: string, };

/**
 * A comment.
 */
export type CommentView = { 
/**
 * About what.
 */
category: Category, 
/**
 * The text.
 */
text: string, 
/**
 * When.
 */
at: number, 
/**
 * Who made it.
 */
by?: number, };

/**
 * The state of an exam as one audience sees it.
 */
export type ExamView = { 
/**
 * The exam's number.
 */
exam: number, 
/**
 * Where it stands.
 */
phase: Phase, 
/**
 * Where it stood before the suspension.
 */
suspended_from?: Phase, 
/**
 * Why it was suspended or ended early.
 */
reason?: string, 
/**
 * Which parts it has.
 */
class: ExamClass, 
/**
 * The qualification's name.
 */
title: string, 
/**
 * The qualification's number.
 */
qualification: string, 
/**
 * The centre.
 */
centre: string, 
/**
 * The room.
 */
room: string, 
/**
 * IANA zone of the place.
 */
tz: string, 
/**
 * Planned start, ms UTC.
 */
begins_at: number, 
/**
 * Planned end, ms UTC.
 */
ends_at: number, 
/**
 * The candidate.
 */
candidate: CandidateView, 
/**
 * The panel by person.
 */
panel: Record<string, SeatView>, 
/**
 * Experts needed.
 */
quorum: number, 
/**
 * The theory part.
 */
theory?: TheoryView, 
/**
 * The practice part.
 */
practice?: PracticeView, 
/**
 * The time of the current stage.
 */
time: TimeView, 
/**
 * Who is waited for, by person.
 */
waits: Record<string, WaitView>, 
/**
 * The panel's decision.
 */
verdict?: VerdictView, 
/**
 * The protocol.
 */
protocol?: ProtocolView, 
/**
 * The outcome.
 */
outcome?: Outcome, 
/**
 * Incidents by the `seq` that reported them.
 */
incidents: Record<string, IncidentView>, 
/**
 * Comments by `seq`.
 */
comments: Record<string, CommentView>, };

/**
 * Somebody is awaited, as a board says it.
 */
export type BoardWait = { 
/**
 * Their name.
 */
name: string, 
/**
 * For what.
 */
what: WaitFor, 
/**
 * Since when.
 */
since: number, };

/**
 * One exam's row on a board.
 */
export type BoardRow = { 
/**
 * The exam's number.
 */
exam: number, 
/**
 * Where it stands.
 */
phase: Phase, 
/**
 * Where it stood before the suspension.
 */
suspended_from?: Phase, 
/**
 * The qualification's name.
 */
title: string, 
/**
 * The centre.
 */
centre: string, 
/**
 * The room.
 */
room: string, 
/**
 * The candidate's name.
 */
candidate: string, 
/**
 * Planned start, ms UTC.
 */
begins_at: number, 
/**
 * Planned end, ms UTC.
 */
ends_at: number, 
/**
 * Allowed time of the stage, ms.
 */
allowed: number, 
/**
 * Used before the current run, ms.
 */
consumed: number, 
/**
 * Since when the clock runs.
 */
running_since?: number, 
/**
 * Questions answered.
 */
answered: number, 
/**
 * Questions in all.
 */
questions: number, 
/**
 * The current task's title.
 */
task?: string, 
/**
 * Who is waited for: name, for what, since when, by person.
 */
waits: Record<string, BoardWait>, 
/**
 * How many of the panel are present.
 */
present: number, 
/**
 * The size of the panel.
 */
panel: number, 
/**
 * Incidents that are not resolved.
 */
open_incidents: number, 
/**
 * The worst of them.
 */
worst?: Severity, 
/**
 * The outcome.
 */
outcome?: Outcome, 
/**
 * The number of the exam's last event.
 */
seq: number, };

/**
 * Something that an operator must know, such as an exam's quarantine.
 */
export type BoardAlert = { 
/**
 * What it is about, as a word.
 */
kind: string, 
/**
 * For people.
 */
text: string, 
/**
 * The exam it concerns.
 */
exam: number, 
/**
 * Since when, ms UTC.
 */
at: number, };

/**
 * All exams of the day, and what an operator must know.
 */
export type BoardState = { 
/**
 * Exams by number.
 */
rows: Record<string, BoardRow>, 
/**
 * Alerts by key.
 */
alerts: Record<string, BoardAlert>, };

/**
 * A variant as an explanation names it.
 */
export type Named = { 
/**
 * Its id.
 */
id: number, 
/**
 * Its text; empty where it is only an image.
 */
text: string, };

/**
 * A left with the right it got and the right it should have got.
 */
export type MatchingRow = { 
/**
 * The left.
 */
left: Named, 
/**
 * The right it got, if any.
 */
given?: Named, 
/**
 * The right it should have got.
 */
expected: Named, 
/**
 * They are the same.
 */
correct: boolean, };

/**
 * A gap with what was written and what would have been accepted.
 */
export type GapRow = { 
/**
 * What was written; empty for a blank.
 */
given: string, 
/**
 * What is accepted.
 */
accepted: Array<string>, 
/**
 * It is accepted.
 */
correct: boolean, };

/**
 * An answer beside what was expected.
 */
export type Comparison = { "type": "choice", 
/**
 * Chosen.
 */
given: Array<Named>, 
/**
 * Correct.
 */
expected: Array<Named>, } | { "type": "matching", 
/**
 * In the bank's order.
 */
rows: Array<MatchingRow>, } | { "type": "ordering", 
/**
 * As answered.
 */
given: Array<Named>, 
/**
 * Correct.
 */
expected: Array<Named>, } | { "type": "open", 
/**
 * In order.
 */
gaps: Array<GapRow>, };

/**
 * How an answer was judged.
 */
export type ItemOutcome = { "is": "correct" } | { "is": "wrong" } | { "is": "unanswered" } | { "is": "invalid", 
/**
 * Why.
 */
fault: AnswerFault, };

/**
 * What was answered, what was expected, and why points were given or not. It quotes the bank's
 * texts, so that it can be read without the bank.
 */
export type Explanation = { 
/**
 * The question.
 */
question_id: number, 
/**
 * Its text.
 */
question: string, 
/**
 * How the answer was judged.
 */
outcome: ItemOutcome, 
/**
 * The answer beside what was expected.
 */
comparison: Comparison, 
/**
 * Points given.
 */
awarded: string, 
/**
 * Points it is worth.
 */
of: string, };

/**
 * The score of one question.
 */
export type ItemScore = { 
/**
 * The question.
 */
question_id: number, 
/**
 * Its block.
 */
block_id: number, 
/**
 * Points awarded.
 */
awarded: string, 
/**
 * Points it is worth.
 */
of: string, 
/**
 * The answer was fully correct.
 */
correct: boolean, 
/**
 * What was answered, what was expected, and why.
 */
explanation: Explanation, };

/**
 * The scores of a form.
 */
export type ScoreSheet = { 
/**
 * Points awarded, exact.
 */
total: string, 
/**
 * Points of a form without a mistake.
 */
max: string, 
/**
 * Points from which the part is passed.
 */
pass: string, 
/**
 * `total >= pass`, exactly.
 */
passed: boolean, 
/**
 * A score for each question in the order of the form.
 */
items: Array<ItemScore>, };

/**
 * A signed-in person.
 */
export type PersonFrame = { 
/**
 * Who.
 */
id: number, 
/**
 * Full name.
 */
name: string, 
/**
 * The roles with which they signed in.
 */
roles: Array<Role>, };

/**
 * `welcome`.
 */
export type WelcomeFrame = { 
/**
 * The `id` of the `hello`.
 */
id?: number, 
/**
 * Names this connection in logs.
 */
sess: string, 
/**
 * Seconds between the server's pings.
 */
ping: number, 
/**
 * When the sign-in ends, ms UTC.
 */
exp: number, 
/**
 * Who is signed in.
 */
person: PersonFrame, 
/**
 * The server's clock, ms UTC.
 */
now: number, 
/**
 * What to keep to.
 */
limits: LimitsFrame, };

/**
 * What a connection keeps to.
 */
export type LimitsFrame = { 
/**
 * Unanswered commands.
 */
inflight: number, };

/**
 * `sub`: with `recovered` the missing steps follow, else a snapshot.
 */
export type SubFrame = { 
/**
 * The `id` of the request.
 */
id?: number, 
/**
 * The stream.
 */
s: string, 
/**
 * Everything missed follows.
 */
recovered: boolean, 
/**
 * The log's epoch.
 */
epoch: string, 
/**
 * The newest number.
 */
seq: number, };

/**
 * `snap`.
 */
export type SnapFrame = { 
/**
 * The stream.
 */
s: string, 
/**
 * The log's epoch.
 */
epoch: string, 
/**
 * The number at which the state stands.
 */
seq: number, 
/**
 * The chain hash there.
 */
hash: string, 
/**
 * Version of the state's shape.
 */
v: number, 
/**
 * The state: an `ExamView` or a `BoardState`.
 */
state: ExamView | BoardState, };

/**
 * Who caused an event.
 */
export type By = { "person": number } | "system";

/**
 * `ev`. A `sealed` one has neither `by` nor `d`: the receiver may not see it, but counts it.
 */
export type EvFrame = { 
/**
 * The stream.
 */
s: string, 
/**
 * Its number, contiguous for everybody.
 */
seq: number, 
/**
 * When, ms UTC.
 */
at: number, 
/**
 * The event's kind.
 */
kind: string, 
/**
 * Version of the event's shape.
 */
v: number, 
/**
 * Who caused it.
 */
by?: By, 
/**
 * The merge patch of the state; absent when nothing visible changes.
 */
d?: Record<string, unknown>, 
/**
 * The chain hash at `seq`.
 */
h: string, };

/**
 * `dig`.
 */
export type DigFrame = { 
/**
 * The stream.
 */
s: string, 
/**
 * At this number.
 */
seq: number, 
/**
 * The first 16 bytes of SHA-256 over the RFC 8785 form of the state, hexadecimal.
 */
d: string, };

/**
 * `lag`.
 */
export type LagFrame = { 
/**
 * The stream.
 */
s: string, 
/**
 * How many steps were dropped.
 */
missed: number, };

/**
 * Somebody who looks at a stream.
 */
export type MemberFrame = { 
/**
 * Who.
 */
person: number, 
/**
 * Full name.
 */
name: string, 
/**
 * The role's word.
 */
role: string, 
/**
 * Since when, ms UTC.
 */
since: number, };

/**
 * `pres`.
 */
export type PresFrame = { 
/**
 * The stream.
 */
s: string, 
/**
 * Everybody but observers.
 */
members: Array<MemberFrame>, 
/**
 * How many observers.
 */
observers: number, };

/**
 * `ack`: from here on nothing loses the command.
 */
export type AckFrame = { 
/**
 * The `id` of the `cmd`.
 */
id: number, 
/**
 * The command.
 */
cmd: string, 
/**
 * The number of its last event.
 */
seq: number, 
/**
 * The log's epoch.
 */
epoch: string, 
/**
 * It had been applied before.
 */
dup: boolean, };

/**
 * `err`.
 */
export type ErrFrame = { 
/**
 * The `id` of the request.
 */
id?: number, 
/**
 * The command that is refused.
 */
cmd?: string, 
/**
 * The stream that is refused.
 */
s?: string, 
/**
 * The stable code.
 */
code: string, 
/**
 * For people.
 */
message: string, 
/**
 * The same request may succeed later.
 */
temporary: boolean, 
/**
 * How long to wait before trying again, ms.
 */
after_ms: number, };

/**
 * `ping`.
 */
export type PingFrame = Record<symbol, never>;

/**
 * `auth_soon`.
 */
export type AuthSoonFrame = { 
/**
 * Seconds left.
 */
in: number, };

/**
 * `auth`: the answer to the client's.
 */
export type AuthFrame = { 
/**
 * The `id` of the request.
 */
id?: number, 
/**
 * When the sign-in ends now, ms UTC.
 */
exp: number, };

/**
 * `bye`, followed by a close with the same code.
 */
export type ByeFrame = { 
/**
 * The close code.
 */
code: number, 
/**
 * Whether connecting again makes sense.
 */
reconnect: boolean, 
/**
 * When to, ms from now.
 */
after_ms: number, };

/**
 * One frame from the server.
 */
export type ServerFrame = { "t": "welcome" } & WelcomeFrame | { "t": "sub" } & SubFrame | { "t": "snap" } & SnapFrame | { "t": "ev" } & EvFrame | { "t": "dig" } & DigFrame | { "t": "lag" } & LagFrame | { "t": "pres" } & PresFrame | { "t": "ack" } & AckFrame | { "t": "err" } & ErrFrame | { "t": "ping" } & PingFrame | { "t": "auth_soon" } & AuthSoonFrame | { "t": "auth" } & AuthFrame | { "t": "bye" } & ByeFrame;

/**
 * A stream with the place where the client stands in it.
 */
export type ResumeFrame = { 
/**
 * The stream.
 */
s: string, 
/**
 * The epoch that it knows.
 */
epoch: string, 
/**
 * The last number that it applied.
 */
seq: number, 
/**
 * The chain hash there.
 */
hash?: string, };

/**
 * A place in a stream.
 */
export type PositionFrame = { 
/**
 * The epoch that it knows.
 */
epoch: string, 
/**
 * The last number that it applied.
 */
seq: number, 
/**
 * The chain hash there.
 */
hash?: string, };

/**
 * The first frame.
 */
export type HelloFrame = { 
/**
 * Echoed in `welcome`.
 */
id?: number, 
/**
 * The version that the client speaks.
 */
ver: number, 
/**
 * A token; browsers are known by their cookie and send none.
 */
token?: string, 
/**
 * Streams to go on with.
 */
resume: Array<ResumeFrame>, };

/**
 * `sub`.
 */
export type SubscribeFrame = { 
/**
 * Echoed in the answer.
 */
id?: number, 
/**
 * The stream.
 */
s: string, 
/**
 * Where the client stands, if it stands anywhere.
 */
resume?: PositionFrame, };

/**
 * `unsub`.
 */
export type UnsubscribeFrame = { 
/**
 * Not answered.
 */
id?: number, 
/**
 * The stream.
 */
s: string, };

/**
 * `dig` and `resync`.
 */
export type StreamFrame = { 
/**
 * The stream.
 */
s: string, };

/**
 * `cmd`. The client keeps it until it is answered and sends it again under the same `cmd`.
 */
export type CommandFrame = { 
/**
 * Echoed in the answer.
 */
id: number, 
/**
 * The stream: `exam:42`.
 */
s: string, 
/**
 * The client-made UUIDv7.
 */
cmd: string, 
/**
 * Refuse when the exam has moved beyond this number.
 */
if_seq?: number, 
/**
 * The command.
 */
body: Command, };

/**
 * `pong`.
 */
export type PongFrame = Record<symbol, never>;

/**
 * `auth`.
 */
export type RenewFrame = { 
/**
 * Echoed in the answer.
 */
id?: number, 
/**
 * A token of the same person.
 */
token: string, };

/**
 * One frame from a client.
 */
export type ClientFrame = { "t": "hello" } & HelloFrame | { "t": "sub" } & SubscribeFrame | { "t": "unsub" } & UnsubscribeFrame | { "t": "dig" } & StreamFrame | { "t": "resync" } & StreamFrame | { "t": "cmd" } & CommandFrame | { "t": "pong" } & PongFrame | { "t": "auth" } & RenewFrame;

/**
 * Why a request was not answered with success.
 */
export type Problem = { 
/**
 * `urn:nsk:error:` and the code.
 */
type: string, 
/**
 * The status in words.
 */
title: string, 
/**
 * The HTTP status.
 */
status: number, 
/**
 * The stable code.
 */
code: string, 
/**
 * For people.
 */
detail: string, 
/**
 * The same request may succeed later.
 */
temporary: boolean, 
/**
 * How long to wait before trying again, ms.
 */
after_ms: number, };

/**
 * Signs a page in.
 */
export type SessionRequest = { 
/**
 * The login.
 */
login: string, 
/**
 * The password.
 */
password: string, };

/**
 * Who is signed in; the token itself travels in a cookie that no script reads.
 */
export type Session = { 
/**
 * Who.
 */
person: PersonFrame, 
/**
 * When the sign-in ends, ms UTC.
 */
exp: number, };

/**
 * A single-use ticket that stands for the caller for a short time.
 */
export type Ticket = { 
/**
 * Goes into the query as `ticket`.
 */
ticket: string, 
/**
 * Until when it can be used, ms UTC.
 */
exp: number, };

/**
 * A command to one exam.
 */
export type CommandRequest = { 
/**
 * The client-made UUIDv7: the same id is applied once, however often it is sent.
 */
cmd: string, 
/**
 * Refuse when the exam has moved beyond this number.
 */
if_seq?: number, 
/**
 * The command: `type` and its fields.
 */
body: Command, };

/**
 * The command is journalled.
 */
export type CommandReply = { 
/**
 * The command.
 */
cmd: string, 
/**
 * The number of its last event.
 */
seq: number, 
/**
 * The log's epoch.
 */
epoch: string, 
/**
 * It had been applied before.
 */
dup: boolean, };

/**
 * Schedules an exam.
 */
export type PlanRequest = { 
/**
 * The client-made UUIDv7.
 */
cmd: string, 
/**
 * The schedule entry.
 */
plan: Plan, };

/**
 * An exam in a list.
 */
export type ListedExam = { 
/**
 * The exam's number.
 */
exam: number, 
/**
 * Where it stands.
 */
phase: Phase, 
/**
 * The exam has not ended.
 */
live: boolean, 
/**
 * The qualification's name.
 */
title: string, 
/**
 * The room.
 */
room: string, 
/**
 * `theory`, `practice` or `theory_practice`.
 */
class: ExamClass, 
/**
 * Planned start, ms UTC.
 */
begins_at: number, 
/**
 * Planned end, ms UTC.
 */
ends_at: number, 
/**
 * The candidate's name.
 */
candidate: string, 
/**
 * The candidate.
 */
candidate_id: number, 
/**
 * The experts of the panel.
 */
panel: number[], 
/**
 * How it ended.
 */
outcome?: Outcome, };

/**
 * A page of exams in the order of their numbers.
 */
export type ExamList = { 
/**
 * Those that the caller may see.
 */
exams: Array<ListedExam>, 
/**
 * Give this as `cursor` to go on; absent on the last page.
 */
next?: number, };

/**
 * One exam as the caller may see it.
 */
export type ExamSnapshot = { 
/**
 * The log's epoch.
 */
epoch: string, 
/**
 * The number at which the state stands.
 */
seq: number, 
/**
 * The chain hash there.
 */
hash: string, 
/**
 * Version of the state's shape.
 */
v: number, 
/**
 * The state.
 */
state: ExamView, };

/**
 * The board.
 */
export type BoardSnapshot = { 
/**
 * The log's epoch.
 */
epoch: string, 
/**
 * The number at which the state stands.
 */
seq: number, 
/**
 * The chain hash there.
 */
hash: string, 
/**
 * Version of the state's shape.
 */
v: number, 
/**
 * The state.
 */
state: BoardState, };

/**
 * One record of a timeline; what the caller may not see is `sealed` and has no `by`.
 */
export type TimelineRecord = { 
/**
 * Its number.
 */
seq: number, 
/**
 * When, ms UTC.
 */
at: number, 
/**
 * Its kind.
 */
kind: string, 
/**
 * Who caused it.
 */
by?: By, 
/**
 * Its chain hash.
 */
hash: string, };

/**
 * What happened to an exam, without the contents.
 */
export type Timeline = { 
/**
 * The exam's number.
 */
exam: number, 
/**
 * Its records in order.
 */
records: Array<TimelineRecord>, };

/**
 * Sentences in both languages.
 */
export type Sentences = { 
/**
 * Russian.
 */
ru: Array<string>, 
/**
 * English.
 */
en: Array<string>, };

/**
 * The explained score of a theory test.
 */
export type SheetReply = { 
/**
 * The exam's number.
 */
exam: number, 
/**
 * The points, question by question.
 */
sheet: ScoreSheet, 
/**
 * The same in sentences, one for each question.
 */
sentences: Sentences, };

/**
 * Whether a quarantine was ended.
 */
export type ReleaseReply = { 
/**
 * The exam was quarantined and is not any more.
 */
released: boolean, };

/**
 * Somebody who can sit an exam or sit on a panel.
 */
export type PlannablePerson = { 
/**
 * The person's number.
 */
person: number, 
/**
 * Full name.
 */
name: string, 
/**
 * What they may do.
 */
roles: Array<Role>, };

/**
 * A tool.
 */
export type PlannableTool = { 
/**
 * Its hash, which a plan names.
 */
hash: string, 
/**
 * The part that it serves: theory or practice.
 */
part: ExamClass, 
/**
 * What to call it.
 */
title: string, 
/**
 * Its maker's version.
 */
version: number, 
/**
 * The qualification's id; 0 when the tool names none.
 */
skill_id: number, 
/**
 * The qualification's number, where the tool gives it.
 */
qualification?: string, };

/**
 * People and tools to choose from.
 */
export type Planning = { 
/**
 * Active candidates and experts, by name.
 */
people: Array<PlannablePerson>, 
/**
 * Tools, the latest import first.
 */
tools: Array<PlannableTool>, };

// Answers as the candidate's page works with them: what is shown is what the server has, with
// everything laid over it that is still on its way. Pure.
import type { Answer, PresentedQuestion, TheoryView } from "../../api/wire.ts";
import type { Entry } from "../../live/queue.ts";

/** Saved answers with unsent ones laid over them, by question id. */
export function shownAnswers(theory: TheoryView | undefined, overlay: Entry[]): Record<string, Answer> {
  const out: Record<string, Answer> = { ...theory?.answers };
  for (const { body } of overlay) {
    if (body.type === "save_answer") out[String(body["question"])] = body["answer"] as Answer;
  }
  return out;
}

/** Flags likewise. */
export function shownFlags(theory: TheoryView | undefined, overlay: Entry[]): Set<number> {
  const out = new Set(Object.keys(theory?.flags ?? {}).map(Number));
  for (const { body } of overlay) {
    if (body.type !== "flag_question") continue;
    if (body["flagged"]) out.add(Number(body["question"]));
    else out.delete(Number(body["question"]));
  }
  return out;
}

/** Whether a question has an answer worth the name: not an empty one, complete or not. */
export function isAnswered(answer: Answer | undefined): boolean {
  if (!answer) return false;
  switch (answer.type) {
    case "choice": return answer.chosen.length > 0;
    case "matching": return Object.keys(answer.pairs).length > 0;
    case "ordering": return answer.order.length > 0;
    case "open": return answer.gaps.some((gap) => gap.trim() !== "");
  }
}

/** The answer that stands for "none" of a question's type. */
export function emptyAnswer(question: PresentedQuestion): Answer {
  switch (question.kind) {
    case "choice": return { type: "choice", chosen: [] };
    case "matching": return { type: "matching", pairs: {} };
    case "ordering": return { type: "ordering", order: [] };
    case "open": return { type: "open", gaps: gapsOf(question).map(() => "") };
  }
}

/** The gap numbers of an open question, in order. */
export function gapsOf(question: PresentedQuestion): number[] {
  return question.segments.flatMap((segment) => (segment.type === "gap" ? [segment.index] : []));
}

/** Moves the item at `from` by `step` places; the same list when it cannot move. */
export function moved(order: number[], from: number, step: -1 | 1): number[] {
  const to = from + step;
  const [a, b] = [order[from], order[to]];
  if (a === undefined || b === undefined) return order;
  const out = [...order];
  out[from] = b;
  out[to] = a;
  return out;
}

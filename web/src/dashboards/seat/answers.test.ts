import { describe, expect, it } from "vitest";
import type { PresentedQuestion, TheoryView } from "../../api/wire.ts";
import type { Entry } from "../../live/queue.ts";
import { emptyAnswer, isAnswered, moved, shownAnswers, shownFlags } from "./answers.ts";

const theory: TheoryView = {
  questions: 2, answered: 1,
  answers: { "5": { type: "choice", chosen: [1] } },
  flags: { "5": true },
};
const entry = (body: Entry["body"]): Entry => ({ cmd: "c", s: "exam:1", body, at: 0 });

describe("answers", () => {
  it("shows unsent answers over saved ones, the latest last", () => {
    const overlay = [
      entry({ type: "save_answer", question: 5, answer: { type: "choice", chosen: [2] } }),
      entry({ type: "save_answer", question: 6, answer: { type: "open", gaps: ["a"] } }),
      entry({ type: "save_answer", question: 5, answer: { type: "choice", chosen: [3] } }),
      entry({ type: "flag_question", question: 5, flagged: false }),
      entry({ type: "flag_question", question: 6, flagged: true }),
    ];
    expect(shownAnswers(theory, overlay)).toEqual({
      "5": { type: "choice", chosen: [3] }, "6": { type: "open", gaps: ["a"] },
    });
    expect([...shownFlags(theory, overlay)]).toEqual([6]);
    expect(shownAnswers(theory, [])).toEqual(theory.answers);
  });

  it("counts an emptied answer as none", () => {
    expect(isAnswered(undefined)).toBe(false);
    expect(isAnswered({ type: "choice", chosen: [] })).toBe(false);
    expect(isAnswered({ type: "open", gaps: ["", " "] })).toBe(false);
    expect(isAnswered({ type: "open", gaps: ["", "x"] })).toBe(true);
    expect(isAnswered({ type: "matching", pairs: { "1": 2 } })).toBe(true);
  });

  it("makes an empty open answer with one text for each gap", () => {
    const question = {
      kind: "open",
      segments: [{ type: "gap", index: 0 }, { type: "text", text: "…" }, { type: "gap", index: 1 }],
    } as PresentedQuestion;
    expect(emptyAnswer(question)).toEqual({ type: "open", gaps: ["", ""] });
  });

  it("moves within the list and not beyond its ends", () => {
    expect(moved([1, 2, 3], 0, 1)).toEqual([2, 1, 3]);
    expect(moved([1, 2, 3], 2, -1)).toEqual([1, 3, 2]);
    expect(moved([1, 2, 3], 0, -1)).toEqual([1, 2, 3]);
    expect(moved([1, 2, 3], 2, 1)).toEqual([1, 2, 3]);
  });
});

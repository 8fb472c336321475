import { describe, expect, it } from "vitest";
import type { CriterionView, TaskView } from "../../api/wire.ts";
import { roundedPoints, shownPoints } from "../../ui/points.ts";
import { ownMarks, parseMark, steps } from "./marks.ts";

const criterion = (over: Partial<CriterionView>): CriterionView => ({
  number: 1, name: "x", kind: "measurement", max: "4", spread: "0", ...over,
});

describe("marks", () => {
  it("are one's own, the unsent ones on top", () => {
    const mark = (value: string) => ({ value, at: 0, refers_at: 0 });
    const task: TaskView = {
      number: 1, title: "", text: "", minutes: 1, lock: "all_experts", settled: false,
      criteria: { "11": criterion({ marks: { "7": mark("1"), "8": mark("3") } }), "12": criterion({}) },
    };
    const body = { type: "place_mark", task: 1, criterion: 12, value: "5/2" };
    const overlay = [
      { cmd: "a", s: "exam:1", at: 0, body },
      { cmd: "b", s: "exam:1", at: 0, body: { ...body, task: 2, criterion: 11 } },
    ];
    expect(ownMarks(1, task, 7, overlay)).toEqual({ "11": "1", "12": "5/2" });
    expect(ownMarks(1, task, 9, [])).toEqual({});
  });

  it.each([
    ["2", "2"], [" 2,5 ", "2.5"], ["0", "0"], ["4.000", "4.000"], ["4.001", undefined], ["-1", undefined],
    ["1.2345", undefined], ["", undefined], ["1e3", undefined], ["abc", undefined],
  ])("reads %j as %j", (text, value) => {
    expect(parseMark(text, criterion({}))).toBe(value);
  });

  it("wants whole judgements", () => {
    expect(parseMark("1.5", criterion({ kind: "judgement", max: "3" }))).toBeUndefined();
  });

  it("offers buttons for small whole maxima only", () => {
    expect(steps(criterion({ max: "3" }))).toEqual(["0", "1", "2", "3"]);
    expect(steps(criterion({ max: "5/2" }))).toEqual([]);
    expect(steps(criterion({ max: "100" }))).toEqual([]);
  });

  it("shows fractions as decimals only where that is exact", () => {
    expect(shownPoints("35/2", "ru")).toBe("17,5");
    expect(shownPoints("100/3", "ru")).toBe("100/3");
    expect(shownPoints("20", "ru")).toBe("20");
    expect(roundedPoints("100/3", "ru")).toBe("33,33");
  });
});

import { describe, expect, it } from "vitest";
import type { Planning } from "../../api/wire.ts";
import { planOf, plannable, type Draft } from "./plan.ts";

const from: Planning = {
  people: [
    { person: 1, name: "Candidate", roles: ["candidate"] },
    ...[2, 3, 4].map((person) => ({ person, name: `Expert ${person}`, roles: ["expert" as const] })),
  ],
  tools: [
    { hash: "t", part: "theory", title: "Welder", version: 2, skill_id: 9, qualification: "40.1" },
    { hash: "p", part: "practice", title: "Weld a seam", version: 1, skill_id: 9 },
  ],
};
const draft: Draft = {
  exam: 7, class: "theory_practice", candidate: 1, theory: "t", practice: "p", centre: " C ", room: "R", quorum: 3,
  begins: "2030-01-02T09:00", ends: "2030-01-02T11:00",
  panel: [{ person: 2, role: "chair" }, { person: 3, role: "expert" }, { person: 4, role: "technical_expert" }],
};

describe("planOf", () => {
  it("names people, tools and the qualification", () => {
    expect(planOf(draft, from, "Europe/Moscow")).toMatchObject({
      wire_id: 7, title: "Welder", qualification: "40.1", skill_id: 9, centre: "C", tool: "t", practice: "p",
      candidate: { person: 1, name: "Candidate" }, panel: [{ person: 2, name: "Expert 2", role: "chair" }, {}, {}],
    });
  });
  it("gives each class its tools alone, and practice the name of its qualification", () => {
    expect(planOf({ ...draft, class: "theory" }, from, "UTC")).not.toHaveProperty("practice");
    const practice = planOf({ ...draft, class: "practice", theory: "" }, from, "UTC");
    expect(practice).not.toHaveProperty("tool");
    expect(practice).toMatchObject({ title: "Welder", qualification: "40.1" });
  });
  const [chair, expert] = draft.panel;
  it.each<[string, Partial<Draft>]>([
    ["no candidate", { candidate: 0 }],
    ["an unknown tool", { theory: "x" }],
    ["an end before the beginning", { ends: draft.begins }],
    ["no time", { begins: "" }],
    ["an empty room", { room: "  " }],
    ["an empty seat", { panel: [...draft.panel.slice(0, 2), { person: 0, role: "expert" }] }],
    ["no chair", { panel: draft.panel.map((seat) => ({ ...seat, role: "expert" })) }],
    ["somebody twice", { panel: [chair!, expert!, { ...expert!, role: "technical_expert" }] }],
    ["fewer experts than the quorum", { quorum: 4 }],
    ["no number", { exam: NaN }],
  ])("is nothing with %s", (_, change) => {
    expect(planOf({ ...draft, ...change }, from, "UTC")).toBeUndefined();
  });
  it("offers people by their roles", () => {
    const { candidates, experts } = plannable(from);
    expect([candidates.length, experts.length]).toEqual([1, 3]);
  });
});

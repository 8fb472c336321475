// From the form to the plan. Pure.
import type { ExamClass, PanelRole, PlannablePerson, Plan, Planning } from "../../api/wire.ts";

/** What the form holds. */
export interface Draft {
  exam: number;
  class: ExamClass;
  candidate: number;
  theory: string;
  practice: string;
  centre: string;
  room: string;
  begins: string;
  ends: string;
  quorum: number;
  panel: { person: number; role: PanelRole }[];
}

/** Who may be chosen as what. */
export function plannable(from: Planning): { candidates: PlannablePerson[]; experts: PlannablePerson[] } {
  const having = (role: "candidate" | "expert"): PlannablePerson[] => from.people.filter((person) => person.roles.includes(role));
  return { candidates: having("candidate"), experts: having("expert") };
}

/** The zone of this browser, which is that of the place. */
export const localZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone;

/** The plan, or nothing while something is missing or contradicts itself. */
export function planOf(draft: Draft, from: Planning, tz: string): Plan | undefined {
  const named = (person: number): { person: number; name: string } | undefined => {
    const known = from.people.find((other) => other.person === person);
    return known && { person, name: known.name };
  };
  const tool = (hash: string): Planning["tools"][number] | undefined => from.tools.find((other) => other.hash === hash);
  const theory = draft.class === "practice" ? undefined : tool(draft.theory);
  const practice = draft.class === "theory" ? undefined : tool(draft.practice);
  const main = theory ?? practice;
  const candidate = named(draft.candidate);
  const panel = draft.panel.flatMap(({ person, role }) => {
    const known = named(person);
    return known ? [{ ...known, role }] : [];
  });
  const begins = new Date(draft.begins).getTime();
  const ends = new Date(draft.ends).getTime();
  const chairs = panel.filter((seat) => seat.role === "chair").length;
  const different = new Set(panel.map((seat) => seat.person)).size === panel.length;
  const whole =
    panel.length === draft.panel.length && chairs === 1 && different && panel.length >= draft.quorum &&
    panel.every((seat) => seat.person !== draft.candidate) &&
    (draft.class === "practice" || theory) && (draft.class === "theory" || practice) &&
    begins < ends && draft.centre.trim() !== "" && draft.room.trim() !== "" && Number.isSafeInteger(draft.exam) && draft.exam > 0;
  if (!whole || !main || !candidate) return undefined;
  // A practice tool names no qualification; a theory tool for the same one does.
  const kin = from.tools.find((other) => other.skill_id === main.skill_id && other.qualification !== undefined);
  return {
    wire_id: draft.exam, class: draft.class, title: kin?.title ?? main.title, qualification: kin?.qualification ?? String(main.skill_id),
    skill_id: main.skill_id, centre: draft.centre.trim(), room: draft.room.trim(), tz, begins_at: begins, ends_at: ends,
    candidate, panel, quorum: draft.quorum,
    ...(theory ? { tool: theory.hash } : {}),
    ...(practice ? { practice: practice.hash } : {}),
  };
}

// Marks as one expert's page works with them: the saved ones with unsent ones laid over. Pure.
import type { CriterionView, TaskView } from "../../api/wire.ts";
import type { Entry } from "../../live/queue.ts";
import { asNumber } from "../../ui/points.ts";

/** An expert's own marks of a task by criterion id, the unsent ones included. */
export function ownMarks(taskId: number, task: TaskView, me: number, overlay: Entry[]): Record<string, string> {
  const out: Record<string, string> = {};
  for (const [id, criterion] of Object.entries(task.criteria ?? {})) {
    const mark = criterion.marks?.[me];
    if (mark) out[id] = mark.value;
  }
  for (const { body } of overlay) {
    if (body.type === "place_mark" && body["task"] === taskId) out[String(body["criterion"])] = String(body["value"]);
  }
  return out;
}

/** Largest maximum for which every whole mark gets a button. */
export const BUTTONS_MAX = 10;

/** The whole marks that get a button. */
export function steps(criterion: CriterionView): string[] {
  const max = Number(criterion.max);
  if (!Number.isInteger(max) || max < 0 || max > BUTTONS_MAX) return [];
  return Array.from({ length: max + 1 }, (_, value) => String(value));
}

/** What a person typed as a mark, in the server's form; `undefined` when it is none. */
export function parseMark(text: string, criterion: CriterionView): string | undefined {
  const clean = text.trim().replace(",", ".");
  if (!/^\d{1,6}(\.\d{1,3})?$/.test(clean)) return undefined;
  if (criterion.kind === "judgement" && clean.includes(".")) return undefined;
  const value = Number(clean);
  return value <= asNumber(criterion.max) ? clean : undefined;
}

// What to call somebody whom a record names by number.
import type { ExamView } from "../api/wire.ts";
import { i18n } from "../i18n/i18n.svelte.ts";
import { session } from "../session.svelte.ts";

/** The name, where the exam or this page knows it; nobody is the program itself. */
export function nameOf(person: number | undefined, exam: Pick<ExamView, "panel" | "candidate">): string {
  if (person === undefined) return i18n.m.common.system;
  if (person === exam.candidate.id) return exam.candidate.name;
  const own = person === session.person?.id ? session.person.name : undefined;
  return exam.panel[person]?.name ?? own ?? i18n.m.common.colleague(person);
}

// What a well-prepared candidate knows: the right answers, read from the demo's own tool, and how to
// give them without a mouse.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import type { Answer, PresentedQuestion } from "../src/api/wire.ts";
import { tabTo } from "./people.ts";

interface Variant {
  id: number;
  conf: number;
  ans: number;
}
interface Quest {
  id: number;
  text: string;
  variants: Variant[];
}
interface Area {
  blocs: { quests: Quest[] }[];
}

const TOOL = join(import.meta.dirname, "../../gateway/demo/os-edu-69.json");
const tool = JSON.parse(readFileSync(TOOL, "utf8")) as { zn: Area[]; um: Area[] };
const quests = new Map(
  [...tool.zn, ...tool.um].flatMap((area) => area.blocs.flatMap((bloc) => bloc.quests)).map((quest) => [quest.id, quest]),
);

/** The right answer to a question of the demo. */
export function rightAnswer(question: PresentedQuestion): Answer {
  const quest = quests.get(question.question_id);
  if (!quest) throw new Error(`the demo's tool has no question ${question.question_id}`);
  const { variants } = quest;
  switch (question.kind) {
    case "choice":
      return { type: "choice", chosen: variants.filter((v) => v.ans === 1).map((v) => v.id).sort((a, b) => a - b) };
    case "matching":
      return { type: "matching", pairs: Object.fromEntries(variants.filter((v) => v.conf === 0).map((v) => [v.id, v.ans])) };
    case "ordering":
      return { type: "ordering", order: [...variants].sort((a, b) => a.ans - b.ans).map((v) => v.id) };
    case "open":
      return { type: "open", gaps: [...quest.text.matchAll(/\{([^|}]*)/g)].map((gap) => gap[1] ?? "") };
  }
}

const focused = (page: Page): Promise<string> => page.evaluate(() => (document.activeElement as HTMLInputElement).value);

/** Gives an answer to the question on the screen by keyboard alone. */
export async function answerByKeyboard(page: Page, question: PresentedQuestion, answer: Answer): Promise<void> {
  const { keyboard } = page;
  switch (answer.type) {
    case "choice": {
      if (!question.multiple) {
        await tabTo(page, "input[name=choice]");
        for (let step = 0; step < question.variants.length && (await focused(page)) !== String(answer.chosen[0]); step += 1) {
          await keyboard.press("ArrowDown");
        }
        await keyboard.press("Space");
        return;
      }
      for (const { id } of question.variants) {
        const box = `input[name=choice][value="${id}"]`;
        await tabTo(page, box);
        if ((await page.locator(box).isChecked()) !== answer.chosen.includes(id)) await keyboard.press("Space");
      }
      return;
    }
    case "matching":
      for (const left of question.lefts) {
        await tabTo(page, "select");
        await keyboard.press("Home");
        for (let step = 0; step < question.rights.length && (await focused(page)) !== String(answer.pairs[left.id]); step += 1) {
          await keyboard.press("ArrowDown");
        }
      }
      return;
    case "ordering":
      return orderByKeyboard(page, answer.order);
    case "open":
      for (const gap of answer.gaps) {
        await tabTo(page, "input.gap");
        await keyboard.press("Control+A");
        await keyboard.type(gap);
      }
  }
}

async function orderByKeyboard(page: Page, order: number[]): Promise<void> {
  const items = page.locator("[data-item]");
  const places = (): Promise<number[]> => items.evaluateAll((all) => all.map((item) => Number(item.getAttribute("data-item"))));
  let moved = false;
  for (const [place, id] of order.entries()) {
    if ((await places()).indexOf(id) === place) continue;
    await tabTo(page, `[data-item="${id}"] .up`);
    // The focus travels with the item.
    for (let at = (await places()).indexOf(id); at > place; at -= 1) await page.keyboard.press("Enter");
    moved = true;
  }
  if (moved) return;
  await tabTo(page, "fieldset p .btn");
  await page.keyboard.press("Enter");
}

// A day on the demo station as people see it: the board, the candidate's seat by keyboard alone,
// the operator's grant, a power cut, the expert's marks. The tests follow one another.
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Answer, ExamView, PresentedQuestion } from "../src/api/wire.ts";
import { answerByKeyboard, rightAnswer } from "./knowledge.ts";
import { examOnServer, People, signIn, tabTo } from "./people.ts";
import { Station } from "./station.ts";

/** The exam whose candidate and fourth expert nobody plays. */
const EXAM = 101;
const EXPERT_ID = 20;
const LIVE = "в прямом эфире";
const SAVED = "Сохранено на станции";

let station: Station;
let people: People;
let observer: Page;
let candidate: Page;
let expert: Page;
/** Addresses of pictures that the candidate's questions name. */
const pictures = new Set<string>();

beforeAll(async () => {
  station = await Station.start();
  people = await People.open(station.origin);
});

afterAll(async () => {
  await people?.close();
  await station?.stop();
});

/** Waits until the server's exam is as wanted. */
async function server(page: Page, what: string, wanted: (exam: ExamView) => boolean): Promise<ExamView> {
  let last: ExamView | undefined;
  await expect
    .poll(async () => wanted((last = await examOnServer(page, EXAM))), { timeout: 20_000, interval: 100, message: what })
    .toBe(true);
  return last as ExamView;
}

const questions = (exam: ExamView): PresentedQuestion[] =>
  Object.values(exam.theory?.form ?? {}).sort((a, b) => a.number - b.number);

/** What the candidate's clock shows, in seconds. */
async function clock(page: Page): Promise<number> {
  const text = (await page.locator(".strip [role=timer]").innerText()).trim();
  return text.split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
}

it("signs people in, and says when a password is wrong", async () => {
  observer = await people.somebody("/board");
  await observer.getByRole("heading", { name: "Вход" }).waitFor();
  await signIn(observer, "observer", "wrong");
  await observer.getByRole("alert").getByText("Логин или пароль не подходит").waitFor();
  await signIn(observer, "observer", "observer");
  await observer.getByRole("heading", { name: "Табло экзаменов" }).waitFor();
});

it("shows the board live, an exam in full, and both languages", async () => {
  await observer.locator(".head").getByText(LIVE).waitFor();
  const tile = observer.locator(".tile", { hasText: "№ 101" });
  await tile.getByRole("button").click();
  const detail = observer.getByRole("complementary");
  await detail.getByText(LIVE).waitFor();
  await detail.getByRole("heading", { name: "Кандидатов Денис Олегович" }).waitFor();
  await observer.getByRole("button", { name: "English" }).click();
  await observer.getByRole("heading", { name: "Exam board" }).waitFor();
  expect(await observer.locator("html").getAttribute("lang")).toBe("en");
  await observer.reload();
  await observer.getByRole("heading", { name: "Exam board" }).waitFor();
  await observer.getByRole("button", { name: "Русский" }).click();
  await observer.getByRole("heading", { name: "Табло экзаменов" }).waitFor();
});

it("lets an expert take their seat", async () => {
  expert = await people.signedIn("expert", `/expert?exam=${EXAM}`);
  await expert.getByRole("button", { name: "Я на месте" }).click();
  await server(expert, "the expert is present", (exam) => exam.panel[EXPERT_ID]?.present_since !== undefined);
});

it("lets a candidate answer all four kinds of questions by keyboard alone", async () => {
  candidate = await people.signedIn("candidate", `/seat?exam=${EXAM}`);
  await candidate.getByRole("heading", { name: "Вопрос 1 из" }).waitFor();
  const form = questions(await examOnServer(candidate, EXAM));
  for (const question of form) {
    for (const picture of [question.img, ...question.variants.map((v) => v.img)]) if (picture) pictures.add(picture);
  }
  expect(new Set(form.map((question) => question.kind)).size).toBe(4);
  const expected: Record<string, Answer> = {};
  for (const [at, question] of form.entries()) {
    await candidate.getByRole("heading", { name: `Вопрос ${at + 1} из` }).waitFor();
    const answer = rightAnswer(question);
    await answerByKeyboard(candidate, question, answer);
    expected[question.question_id] = answer;
    if (at + 1 < form.length) {
      await tabTo(candidate, ".steps .btn-primary");
      await candidate.keyboard.press("Enter");
    }
  }
  await server(candidate, "every answer is saved", (exam) => JSON.stringify(sorted(exam.theory?.answers)) === JSON.stringify(sorted(expected)));
  await candidate.locator(".strip").getByText(SAVED).waitFor();
});

it("gives the candidate the minutes that the operator adds", async () => {
  const operator = await people.signedIn("operator", `/operator?exam=${EXAM}`);
  const before = await clock(candidate);
  await operator.getByRole("button", { name: "Добавить время" }).click();
  const dialog = operator.getByRole("dialog");
  await dialog.getByLabel("Минут").fill("7");
  await dialog.getByLabel("Причина").fill("Погас свет");
  await dialog.getByRole("button", { name: "Добавить время" }).click();
  // A clock that only runs down can show more than before by the grant alone.
  await expect.poll(() => clock(candidate), { timeout: 20_000, interval: 100 }).toBeGreaterThan(before + 5 * 60);
  await operator.getByText("Погас свет").waitFor();
  await operator.context().close();
});

it("keeps what is answered while the power is off", async () => {
  const form = questions(await examOnServer(candidate, EXAM));
  const at = form.findIndex((question) => question.kind === "choice");
  const question = form[at];
  if (!question) throw new Error("the demo's form has no question to choose");
  await candidate.getByRole("navigation", { name: "Вопросы" }).getByRole("button").nth(at).click();
  await candidate.getByRole("heading", { name: `Вопрос ${at + 1} из` }).waitFor();
  people.outage = true;
  await station.kill();
  const other = candidate.locator("input[name=choice]:not(:checked)").first();
  const chosen = Number(await other.getAttribute("value"));
  await other.check();
  await candidate.locator(".strip").getByText("На этом устройстве: 1").waitFor();
  await candidate.locator(".strip").getByText("данные на").waitFor();
  await station.run();
  await candidate.locator(".strip").getByText(LIVE).waitFor();
  await candidate.locator(".strip").getByText(SAVED).waitFor();
  people.outage = false;
  const kept = await server(candidate, "the answer arrived", (exam) => {
    const answer = exam.theory?.answers?.[question.question_id];
    return answer?.type === "choice" && answer.chosen.includes(chosen);
  });
  expect(Object.keys(kept.theory?.answers ?? {})).toHaveLength(form.length);
  await answerByKeyboard(candidate, question, rightAnswer(question));
});

it("takes the expert's marks and locks them", async () => {
  await candidate.getByRole("button", { name: "Сдать тест" }).first().click();
  await candidate.getByRole("button", { name: "Да, сдать" }).click();
  await candidate.getByRole("heading", { name: "Тест сдан" }).waitFor();
  const marks = expert.locator("fieldset.criterion");
  await marks.first().waitFor();
  const count = await marks.count();
  for (let at = 0; at < count; at += 1) await marks.nth(at).locator(".mark").last().click();
  await expert.getByRole("button", { name: "Закрепить оценки" }).click();
  await expert.getByRole("dialog").getByRole("button", { name: "Закрепить оценки" }).click();
  const exam = await server(expert, "the marks are locked", ({ practice }) => practice?.tasks[1]?.locks?.[EXPERT_ID] !== undefined);
  for (const criterion of Object.values(exam.practice?.tasks[1]?.criteria ?? {})) {
    expect(criterion.marks?.[EXPERT_ID]?.value).toBe(criterion.max);
  }
});

it("had nothing to complain about and asked no other host", () => {
  expect(people.complaints).toEqual([]);
  // Pictures lie where the tool's maker put them; nothing else is asked for elsewhere.
  expect(people.foreign.filter((url) => !pictures.has(url))).toEqual([]);
});

const sorted = (answers: Record<string, unknown> | undefined): [string, unknown][] =>
  Object.entries(answers ?? {})
    .map(([id, answer]): [string, unknown] => [id, Object.entries(answer as object).sort(([a], [b]) => (a < b ? -1 : 1))])
    .sort(([a], [b]) => (a < b ? -1 : 1));

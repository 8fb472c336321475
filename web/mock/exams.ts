// Invented exams for the stand-in server: enough of the rules to look at every page, no more.
import type {
  Answer, BoardRow, BoardState, ExamView, Phase, PresentedQuestion, TaskView,
} from "../src/api/wire.ts";

export interface Person {
  id: number;
  login: string;
  name: string;
  roles: ("candidate" | "expert" | "operator" | "observer" | "administrator")[];
}

export const PEOPLE: Person[] = [
  { id: 1, login: "observer", name: "Орлова Мария Сергеевна", roles: ["observer"] },
  { id: 2, login: "operator", name: "Панов Илья Андреевич", roles: ["operator"] },
  { id: 11, login: "chair", name: "Соколова Анна Петровна", roles: ["expert"] },
  { id: 12, login: "expert2", name: "Громов Павел Ильич", roles: ["expert"] },
  { id: 13, login: "expert3", name: "Ким Виктор Олегович", roles: ["expert"] },
  { id: 100, login: "candidate", name: "Белов Артём Игоревич", roles: ["candidate"] },
];

const NAMES = [
  "Белов Артём Игоревич", "Васильева Ольга Дмитриевна", "Гаджиев Руслан Маратович", "Демидова Елена Юрьевна",
  "Ежов Константин Павлович", "Жукова Наталья Ивановна", "Зайцев Михаил Фёдорович", "Исаева Диана Рустамовна",
  "Калинин Степан Алексеевич", "Лебедева Вера Николаевна", "Мельник Тарас Богданович", "Носова Алина Георгиевна",
];
const PHASES: Phase[] = [
  "theory_running", "practice_running", "gathering", "theory_running", "suspended", "practice_scored",
  "protocol_draft", "completed", "planned", "planned", "no_show", "failed_theory",
];
const TITLE = "Слесарь-сборщик летательных аппаратов (5 уровень квалификации)";

const variant = (id: number, text: string) => ({ id, text });
const question = (number: number, over: Partial<PresentedQuestion>): PresentedQuestion => ({
  question_id: 1000 + number, number, points: "35/2", kind: "choice", multiple: false, text: "", variants: [],
  lefts: [], rights: [], segments: [], ...over,
});
export const FORM: PresentedQuestion[] = [
  question(1, { text: "Какой цвет верхней полосы флага Российской Федерации?", variants: [variant(1, "Белый"), variant(2, "Синий"), variant(3, "Красный")] }),
  question(2, { multiple: true, text: "Выберите города, расположенные на Волге", variants: [variant(1, "Казань"), variant(2, "Самара"), variant(3, "Омск"), variant(4, "Саратов")] }),
  question(3, { kind: "ordering", points: "100/3", text: "Установите последовательность стран в зависимости от их площади (от большего к меньшему)", variants: [variant(1, "Австралия"), variant(2, "Россия"), variant(3, "Китай"), variant(4, "Канада")] }),
  question(4, { kind: "matching", points: "20", text: "Установите соответствие между столицами и государствами", lefts: [variant(1, "Париж"), variant(2, "Рим"), variant(3, "Берлин")], rights: [variant(11, "Италия"), variant(12, "Германия"), variant(13, "Франция"), variant(14, "Испания")] }),
  question(5, { kind: "open", points: "15", segments: [{ type: "text", text: "Столица Российской Федерации — город " }, { type: "gap", index: 0 }, { type: "text", text: ", а крупнейшее по глубине озеро — " }, { type: "gap", index: 1 }, { type: "text", text: "." }] }),
];

const task = (number: number, title: string, text: string, minutes: number, lock: TaskView["lock"], criteria: [number, string, "measurement" | "judgement", string, string][]): TaskView => ({
  number, title, text, minutes, lock, settled: false,
  criteria: Object.fromEntries(criteria.map(([id, name, kind, max, spread], at) => [id, { number: at + 1, name, kind, max, spread, marks: {} }])),
  locks: {}, recalled: {},
});

/** An exam with everything in it; views leave out what a role may not see. */
export interface MockExam {
  view: ExamView;
  answers: Record<string, Answer>;
  flags: Record<string, true>;
  seq: number;
  events: { seq: number; at: number; kind: string; by?: { person: number } | "system"; hash: string }[];
  seen: Map<string, number>;
}

export function makeExams(now: number): MockExam[] {
  return PHASES.map((phase, at) => makeExam(at, phase, now));
}

function makeExam(at: number, phase: Phase, now: number): MockExam {
  const min = 60_000;
  const practice = ["practice_running", "practice_scored", "protocol_draft", "completed"].includes(phase);
  const ahead = phase === "planned";
  const running = phase === "theory_running" || phase === "practice_running";
  const present = ahead ? 0 : phase === "gathering" ? 2 : 3;
  const experts: [number, string, "chair" | "expert" | "technical_expert"][] = [
    [11, "Соколова Анна Петровна", "chair"], [12, "Громов Павел Ильич", "expert"], [13, "Ким Виктор Олегович", "technical_expert"],
  ];
  const tasks = {
    "1": task(1, "Подготовка рабочего места", "Проверьте инструмент и средства защиты, назовите найденные неисправности.", 10, "all_experts", [[11, "Найдены обе неисправности", "measurement", "2", "0"], [12, "Порядок на рабочем месте", "judgement", "3", "1"]]),
    "2": task(2, "Выполнение работы", "Соберите узел по чертежу с допуском ±0,5 мм.", 40, "all_experts", [[21, "Размер в допуске", "measurement", "4", "0"], [22, "Последовательность операций", "judgement", "3", "1"], [23, "Безопасные приёмы", "judgement", "3", "1"]]),
    "3": task(3, "Сдача работы", "Объясните результат и уберите рабочее место.", 10, "chair", [[31, "Объяснение результата", "judgement", "3", "1"], [32, "Инструмент сдан полностью", "measurement", "2", "0"]]),
  };
  const waits: ExamView["waits"] =
    phase === "gathering" ? { "13": { what: "arrival", since: now - 7 * min } }
    : phase === "practice_running" ? { "11": { what: "lock", since: now - 4 * min }, "12": { what: "lock", since: now - 4 * min } }
    : phase === "practice_scored" ? { "11": { what: "vote", since: now - 2 * min } }
    : phase === "protocol_draft" ? { "11": { what: "signature", since: now - 12 * min }, "12": { what: "signature", since: now - 12 * min } }
    : {};
  const view: ExamView = {
    exam: 42 + at, phase, class: "theory_practice", title: TITLE, qualification: "12.00798.02",
    centre: "ЦОК «Авиатех»", room: `Ауд. ${101 + (at % 5)}`, tz: "Europe/Moscow",
    begins_at: now - 40 * min + at * 5 * min + (ahead ? 120 * min : 0), ends_at: now + 80 * min + (ahead ? 120 * min : 0),
    candidate: { id: 100 + at, name: NAMES[at] ?? "", confirmed: ahead || phase === "gathering" ? {} : { "12": now - 35 * min } },
    panel: Object.fromEntries(experts.map(([id, name, role], n) => [id, n < present ? { name, role, present_since: now - 38 * min } : { name, role }])),
    quorum: 3,
    theory: { questions: ahead ? 0 : FORM.length, answered: practice ? 5 : running ? at % 4 : 0, ...(ahead ? {} : { commitment: "9f3c".repeat(16), form_hash: "ab12".repeat(16), started_at: now - 20 * min }) },
    practice: { title: "Демо: практическая часть", time_over: false, tasks, ...(phase === "practice_running" ? { started_at: now - 9 * min, task: 1 } : {}) },
    time: { stage: practice ? "practice" : "theory", base: 30 * min, allowed: (at === 0 ? 35 : 30) * min, consumed: running ? 2 * min : phase === "suspended" ? 11 * min : 0, ...(running ? { running_since: now - (at === 3 ? 25 : 8) * min } : {}), entries: at === 0 ? { "1": { stage: "theory", effect: "grant", minutes: 5, approver: 2, reason: "Замена мыши на рабочем месте", at: now - 6 * min } } : {} },
    waits, incidents: {}, comments: {},
  };
  if (phase === "suspended") {
    view.suspended_from = "theory_running";
    view.reason = "Отключилось электричество в аудитории";
    view.incidents["31"] = { category: "technical", severity: "critical", text: "Нет электричества, ждём генератор.", at: now - 3 * min, by: 11 };
  }
  if (at === 3) view.incidents["18"] = { category: "procedure", severity: "notice", text: "Посторонний шум в коридоре.", at: now - 9 * min, by: 12, resolved: "Шум прекращён." };
  if (practice) view.theory = { ...view.theory!, result: { score: "65", shown: "65.00", max: "100", pass: "60", passed: true, by_time: false }, ended_at: now - 15 * min };
  if (phase === "failed_theory") view.theory = { ...view.theory!, answered: 4, result: { score: "95/2", shown: "47.50", max: "100", pass: "60", passed: false, by_time: true }, ended_at: now - 2 * min };
  if (practice && phase !== "practice_running") {
    for (const t of Object.values(tasks)) {
      t.settled = true;
      for (const c of Object.values(t.criteria ?? {})) c.result = c.max === "4" ? "3" : "5/2";
    }
    view.practice = { ...view.practice!, total: "35/2", passed: true, started_at: now - 60 * min };
  }
  if (phase === "protocol_draft" || phase === "completed") {
    view.verdict = { passed: true, departed: false, by_chair: false, reasons: [] };
    view.protocol = { outcome: "pass", hash: "c0de".repeat(16), drafted_at: now - 12 * min, signatures: { "13": { at: now - 11 * min, dissent: "Критерий 2.1 считаю завышенным." } } };
  }
  if (phase === "completed") {
    view.outcome = "pass";
    view.theory = { ...view.theory!, seed: "5eed".repeat(16) };
  }
  return { view, answers: {}, flags: {}, seq: 30, events: [], seen: new Map() };
}

/** What one person may see, roughly as the engine decides it. */
export function viewFor(exam: MockExam, person: Person): ExamView {
  const view = structuredClone(exam.view);
  if (person.roles.includes("expert")) {
    for (const t of Object.values(view.practice?.tasks ?? {})) {
      for (const c of Object.values(t.criteria ?? {})) {
        for (const who of Object.keys(c.marks ?? {})) if (Number(who) !== person.id && !t.locks?.[who]) delete c.marks?.[who];
      }
    }
  }
  if (!person.roles.includes("candidate")) return view;
  if (view.theory && view.phase === "theory_running") {
    view.theory.form = Object.fromEntries(FORM.map((q) => [q.number, q]));
    view.theory.answers = exam.answers;
    view.theory.flags = exam.flags;
  }
  for (const t of Object.values(view.practice?.tasks ?? {})) delete t.criteria;
  if (!view.practice?.started_at && view.practice) view.practice.tasks = {};
  view.waits = {};
  view.incidents = {};
  view.comments = {};
  return view;
}

export function boardOf(exams: MockExam[]): BoardState {
  return { rows: Object.fromEntries(exams.map((exam) => [exam.view.exam, rowOf(exam)])), alerts: { "quarantined:44": { kind: "quarantined", exam: 44, text: "the exam failed 5 times in a minute", at: Date.now() - 60_000 } } };
}

function rowOf({ view, seq }: MockExam): BoardRow {
  const open = Object.values(view.incidents).filter((i) => i.resolved === undefined);
  const current = view.practice?.task === undefined ? undefined : view.practice.tasks[view.practice.task];
  const row: BoardRow = {
    exam: view.exam, phase: view.phase, title: view.title, centre: view.centre, room: view.room,
    candidate: view.candidate.name, begins_at: view.begins_at, ends_at: view.ends_at, allowed: view.time.allowed,
    consumed: view.time.consumed, answered: view.theory?.answered ?? 0, questions: view.theory?.questions ?? 0,
    waits: Object.fromEntries(Object.entries(view.waits).map(([p, w]) => [p, { ...w, name: view.panel[p]?.name ?? "" }])),
    present: Object.values(view.panel).filter((s) => s.present_since !== undefined).length,
    panel: Object.keys(view.panel).length, open_incidents: open.length, seq,
  };
  if (view.time.running_since !== undefined) row.running_since = view.time.running_since;
  if (current) row.task = current.title;
  if (view.outcome) row.outcome = view.outcome;
  if (open[0]) row.worst = open.some((i) => i.severity === "critical") ? "critical" : open[0].severity;
  return row;
}

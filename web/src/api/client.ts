// Plain HTTP to the server. Answers are unions, never exceptions: a page decides what to say.
import type { Fetched } from "../live/client.ts";
import type { SnapFrame } from "../live/frames.ts";
import type { Entry, Posted } from "../live/queue.ts";
import type { CommandReply, ExamList, ListedExam, Plan, Planning, Problem, ReleaseReply, Session, SheetReply, Timeline, TimelineRecord } from "./wire.ts";

/** Where the browser's API lives. */
export const BASE = "/api/nsk/v1";
/** A request that takes longer is given up; for a command that means "unknown", not "refused". */
export const REQUEST_MS = 10_000;

export type Reply<T> =
  | { ok: true; value: T }
  | { ok: false; kind: "network" }
  | { ok: false; kind: "http"; status: number; code: string; message: string; temporary: boolean; afterMs: number };

async function request<T>(method: string, path: string, body?: unknown): Promise<Reply<T>> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(BASE + path, {
      method,
      credentials: "same-origin",
      headers: body === undefined ? {} : { "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(REQUEST_MS),
    });
    text = await response.text();
  } catch {
    return { ok: false, kind: "network" };
  }
  const parsed = parse(text);
  if (response.ok) return { ok: true, value: parsed as T };
  const problem = (parsed ?? {}) as Partial<Problem>;
  return {
    ok: false,
    kind: "http",
    status: response.status,
    code: problem.code ?? `http_${response.status}`,
    message: problem.detail ?? problem.title ?? response.statusText,
    temporary: problem.temporary ?? (response.status >= 500 || response.status === 429),
    afterMs: problem.after_ms ?? 1_000,
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export const signIn = (login: string, password: string): Promise<Reply<Session>> =>
  request("POST", "/session", { login, password });
export const whoAmI = (): Promise<Reply<Session>> => request("GET", "/session");
export const signOut = (): Promise<Reply<unknown>> => request("DELETE", "/session");

/** Pages of the list that are read at most. */
const LIST_PAGES_MAX = 20;

/** The exams that this person may see. */
export async function listExams(): Promise<Reply<ListedExam[]>> {
  const exams: ListedExam[] = [];
  let cursor: number | undefined;
  for (let page = 0; page < LIST_PAGES_MAX; page += 1) {
    const query: string = cursor === undefined ? "" : `?cursor=${cursor}`;
    const reply: Reply<ExamList> = await request("GET", `/exams${query}`);
    if (!reply.ok) return reply;
    exams.push(...reply.value.exams);
    cursor = reply.value.next;
    if (cursor === undefined) break;
  }
  return { ok: true, value: exams };
}

/** What happened to an exam, without contents. */
export async function timeline(exam: number): Promise<TimelineRecord[]> {
  const reply = await request<Timeline>("GET", `/exams/${exam}/records`);
  return reply.ok ? reply.value.records : [];
}

/** The explained score of the theory test. */
export const scoreSheet = (exam: number): Promise<Reply<SheetReply>> => request("GET", `/exams/${exam}/sheet`);
/** What an exam can be planned with. */
export const planning = (): Promise<Reply<Planning>> => request("GET", "/planning");
/** Schedules an exam; safe to repeat under the same `cmd`. */
export const planExam = (cmd: string, plan: Plan): Promise<Reply<CommandReply>> => request("POST", "/exams", { cmd, plan });
/** Ends an exam's quarantine. */
export const releaseExam = (exam: number): Promise<Reply<ReleaseReply>> => request("POST", `/exams/${exam}/release`);
/** Where the whole exam can be downloaded once it has ended. */
export const exportPath = (exam: number): string => `${BASE}/exams/${exam}/export`;

/** A stream's state when nothing pushes it: the board, or `exam:<number>`. */
export async function fetchState(stream: string): Promise<Fetched | undefined> {
  const path = stream === "board" ? "/board" : `/exams/${encodeURIComponent(stream.replace(/^exam:/, ""))}`;
  const reply = await request<Omit<SnapFrame, "t" | "s">>("GET", path);
  if (reply.ok) return { snap: reply.value };
  if (reply.kind === "network" || reply.temporary || reply.status === 401) return undefined;
  return { refused: { code: reply.code, message: reply.message } };
}

/** Sends a queued command over plain HTTP. */
export async function postCommand(entry: Entry): Promise<Posted> {
  const exam = entry.s.replace(/^exam:/, "");
  const { cmd, body, if_seq } = entry;
  const message = if_seq === undefined ? { cmd, body } : { cmd, body, if_seq };
  const path = `/exams/${encodeURIComponent(exam)}/commands`;
  const reply = await request<CommandReply>("POST", path, message);
  if (reply.ok) {
    // A proxy's cheerful 200 without our fields is no acknowledgement.
    if (typeof reply.value?.seq !== "number") return { kind: "failed" };
    return { kind: "ack", frame: { t: "ack", ...reply.value, cmd } };
  }
  // Without a valid sign-in the server has not judged the command: it stays queued.
  if (reply.kind === "network" || reply.status === 401) return { kind: "failed" };
  const { code, message: text, temporary, afterMs } = reply;
  return { kind: "err", frame: { t: "err", cmd, code, message: text, temporary, after_ms: afterMs } };
}

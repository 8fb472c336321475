// A stand-in for the real server, for `npm run dev` alone: never part of the build. Sign in as
// observer, operator, chair, expert2, expert3 or candidate with any password.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { Plugin, PreviewServer, ViteDevServer } from "vite";
import { WebSocketServer, type WebSocket } from "ws";
import type { Command } from "../src/api/wire.ts";
import { digest } from "../src/live/canon.ts";
import type { JsonObject } from "../src/live/frames.ts";
import { apply } from "./commands.ts";
import { boardOf, makeExams, PEOPLE, viewFor, type MockExam, type Person } from "./exams.ts";

const EPOCH = `mock-${Date.now()}`;

interface Follower {
  socket: WebSocket;
  person: Person;
  /** The last state sent, by stream. */
  states: Map<string, JsonObject>;
}

class Mock {
  exams = makeExams(Date.now());
  boardSeq = 1;
  followers = new Set<Follower>();

  find(id: number): MockExam | undefined {
    return this.exams.find((exam) => exam.view.exam === id);
  }

  state(stream: string, person: Person): JsonObject | undefined {
    if (stream === "board") return plain(boardOf(this.exams));
    const exam = this.find(Number(stream.slice(5)));
    return exam && plain(viewFor(exam, person));
  }

  seq(stream: string): number {
    return stream === "board" ? this.boardSeq : (this.find(Number(stream.slice(5)))?.seq ?? 0);
  }

  command(id: number, cmd: string, body: Command, person: Person): { seq: number; dup: boolean } | { code: string } {
    const exam = this.find(id);
    if (!exam) return { code: "not_found" };
    const known = exam.seen.get(cmd);
    if (known !== undefined) return { seq: known, dup: true };
    const kinds = apply(exam, body, person, Date.now());
    if ("code" in kinds) return kinds;
    for (const kind of kinds) this.publish(exam, kind, { person: person.id });
    exam.seen.set(cmd, exam.seq);
    return { seq: exam.seq, dup: false };
  }

  publish(exam: MockExam, kind: string, by: { person: number } | "system"): void {
    exam.seq += 1;
    this.boardSeq += 1;
    const event = { seq: exam.seq, at: Date.now(), kind, by, hash: hashOf(exam.seq) };
    exam.events.push(event);
    for (const follower of this.followers) {
      this.push(follower, `exam:${exam.view.exam}`, exam.seq, kind, by);
      this.push(follower, "board", this.boardSeq, "tick", "system");
    }
  }

  push(follower: Follower, stream: string, seq: number, kind: string, by: unknown): void {
    const old = follower.states.get(stream);
    const next = old && this.state(stream, follower.person);
    if (!old || !next) return;
    follower.states.set(stream, next);
    const sealed = kind === "mark_placed" && (by as { person: number }).person !== follower.person.id;
    const base = { t: "ev", s: stream, seq, at: Date.now(), v: 1, h: hashOf(seq) };
    send(follower.socket, sealed ? { ...base, kind: "sealed" } : { ...base, kind, by, d: diff(old, next) });
  }

  snap(follower: Follower, stream: string, id?: number): void {
    const state = this.state(stream, follower.person);
    if (!state) return send(follower.socket, { t: "err", id, code: "not_found", message: "no such exam", temporary: false, after_ms: 0 });
    follower.states.set(stream, state);
    const seq = this.seq(stream);
    send(follower.socket, { t: "sub", id, s: stream, recovered: false, epoch: EPOCH, seq });
    send(follower.socket, { t: "snap", s: stream, epoch: EPOCH, seq, hash: hashOf(seq), v: 1, state });
    this.dig(follower, stream);
    const members = [...this.followers].map((f) => ({ person: f.person.id, name: f.person.name, role: f.person.roles[0], since: Date.now() }));
    for (const f of this.followers) if (f.states.has(stream)) send(f.socket, { t: "pres", s: stream, members, observers: 0 });
  }

  dig(follower: Follower, stream: string): void {
    const state = follower.states.get(stream);
    if (state) send(follower.socket, { t: "dig", s: stream, seq: this.seq(stream), d: digest(state) });
  }

  /** Invented candidates go on answering, so that the board lives. */
  simulate(): void {
    const running = this.exams.filter((exam) => exam.view.phase === "theory_running" && exam.view.candidate.id !== 100);
    const exam = running[Math.floor(Math.random() * running.length)];
    if (!exam?.view.theory || exam.view.theory.answered >= 5) return;
    exam.view.theory.answered += 1;
    this.publish(exam, "answer_saved", { person: exam.view.candidate.id });
  }

  beat(): void {
    for (const follower of this.followers) {
      send(follower.socket, { t: "ping" });
      for (const stream of follower.states.keys()) this.dig(follower, stream);
    }
  }

  accept(socket: WebSocket, person: Person): void {
    const follower: Follower = { socket, person, states: new Map() };
    this.followers.add(follower);
    socket.on("close", () => this.followers.delete(follower));
    socket.on("message", (data: Buffer) => this.message(follower, JSON.parse(String(data)) as Record<string, unknown>));
  }

  message(follower: Follower, m: Record<string, unknown>): void {
    const s = String(m["s"] ?? "");
    const id = m["id"] as number;
    if (m["t"] === "hello") {
      send(follower.socket, { t: "welcome", id, sess: "mock", ping: 20, exp: Date.now() + 9e6, person: follower.person, now: Date.now(), limits: { inflight: 16 } });
      for (const r of m["resume"] as { s: string }[]) this.snap(follower, r.s);
    } else if (m["t"] === "sub") this.snap(follower, s, id);
    else if (m["t"] === "unsub") follower.states.delete(s);
    else if (m["t"] === "resync") this.snap(follower, s);
    else if (m["t"] === "dig") this.dig(follower, s);
    else if (m["t"] === "cmd") {
      const result = this.command(Number(s.slice(5)), String(m["cmd"]), m["body"] as Command, follower.person);
      const cmd = m["cmd"];
      if ("code" in result) send(follower.socket, { t: "err", id, cmd, code: result.code, message: result.code, temporary: false, after_ms: 0 });
      else send(follower.socket, { t: "ack", id, cmd, epoch: EPOCH, ...result });
    }
  }
}

const send = (socket: WebSocket, frame: object): void => socket.send(JSON.stringify(frame));
const plain = (value: object): JsonObject => JSON.parse(JSON.stringify(value)) as JsonObject;
const hashOf = (seq: number): string => digest({ seq }) + digest({ seq: -seq });

/** The merge patch that turns `a` into `b`. */
function diff(a: JsonObject, b: JsonObject): JsonObject {
  const out: JsonObject = {};
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
    const [x, y] = [a[key], b[key]];
    if (y === undefined) out[key] = null;
    else if (isObject(x) && isObject(y)) {
      const inner = diff(x, y);
      if (Object.keys(inner).length > 0) out[key] = inner;
    } else if (JSON.stringify(x) !== JSON.stringify(y)) out[key] = y;
  }
  return out;
}
const isObject = (value: unknown): value is JsonObject => typeof value === "object" && value !== null && !Array.isArray(value);

function personOf(request: IncomingMessage): Person | undefined {
  const login = /mock=(\w+)/.exec(request.headers.cookie ?? "")?.[1];
  return PEOPLE.find((person) => person.login === login);
}

function reply(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body));
}

async function bodyOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  return JSON.parse(text || "{}") as Record<string, unknown>;
}

async function api(mock: Mock, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = (request.url ?? "").replace(/\?.*/, "");
  const session = (person: Person) => ({ person: { id: person.id, name: person.name, roles: person.roles }, exp: Date.now() + 9e6 });
  if (path === "/session" && request.method === "POST") {
    const login = (await bodyOf(request))["login"];
    const person = PEOPLE.find((p) => p.login === login);
    if (!person) return reply(response, 401, { code: "unauthorized", detail: "wrong login" });
    return reply(response, 200, session(person), { "set-cookie": `mock=${person.login}; Path=/; HttpOnly; SameSite=Strict` });
  }
  if (path === "/session" && request.method === "DELETE") return reply(response, 200, {}, { "set-cookie": "mock=; Path=/; Max-Age=0" });
  const person = personOf(request);
  if (!person) return reply(response, 401, { code: "unauthorized", detail: "sign in first" });
  if (path === "/session") return reply(response, 200, session(person));
  if (path === "/exams") {
    const mine = mock.exams.filter((exam) => !person.roles.includes("candidate") || exam.view.candidate.id === person.id);
    return reply(response, 200, { exams: mine.map(({ view: v }) => ({ exam: v.exam, phase: v.phase, live: true, title: v.title, room: v.room, class: v.class, begins_at: v.begins_at, ends_at: v.ends_at, candidate: v.candidate.name, candidate_id: v.candidate.id, panel: Object.keys(v.panel).map(Number) })) });
  }
  const timeline = /^\/exams\/(\d+)\/records$/.exec(path);
  if (timeline) return reply(response, 200, { exam: Number(timeline[1]), records: mock.find(Number(timeline[1]))?.events ?? [] });
  if (path.endsWith("/release")) return reply(response, 200, { released: true });
  if (path.endsWith("/sheet")) return reply(response, 200, { exam: 0, sheet: {}, sentences: { ru: ["Вопрос 1: выбран верный ответ, 35/2 балла."], en: ["Question 1: right, 35/2 points."] } });
  const command = /^\/exams\/(\d+)\/commands$/.exec(path);
  if (command && request.method === "POST") {
    const body = await bodyOf(request);
    const result = mock.command(Number(command[1]), String(body["cmd"]), body["body"] as Command, person);
    if ("code" in result) return reply(response, 409, { ...result, detail: result.code, temporary: false, after_ms: 0 });
    return reply(response, 200, { cmd: body["cmd"], epoch: EPOCH, ...result });
  }
  reply(response, 404, { code: "not_found", detail: path });
}

/** What the real server sends with every page: `npm run preview` shows that the build lives with it. */
const CSP =
  "default-src 'self'; style-src 'self'; script-src 'self'; img-src 'self' data: https:; connect-src 'self'";

/** Answers /api and /live of a Vite server, development or preview. */
function attach(server: Pick<ViteDevServer | PreviewServer, "middlewares" | "httpServer">): void {
  const mock = new Mock();
  server.middlewares.use("/api/nsk/v1", (request, response) => void api(mock, request, response));
  const sockets = new WebSocketServer({ noServer: true });
  server.httpServer?.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (request.url !== "/live") return;
    const person = personOf(request);
    if (!person) return void socket.destroy();
    sockets.handleUpgrade(request, socket, head, (ws) => mock.accept(ws, person));
  });
  const timers = [setInterval(() => mock.simulate(), 4_000), setInterval(() => mock.beat(), 5_000)];
  server.httpServer?.on("close", () => timers.forEach(clearInterval));
}

/** The Vite plugin that answers /api and /live with invented exams. */
export function mockServer(): Plugin {
  return {
    name: "nsk-mock",
    configureServer: attach,
    configurePreviewServer(server) {
      server.middlewares.use((_, response, next) => {
        response.setHeader("content-security-policy", CSP);
        next();
      });
      attach(server);
    },
  };
}

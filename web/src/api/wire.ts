// The one place where pages take wire types from, and the shapes that only the browser's API has.
export type * from "./placeholder.ts";
import type { BoardRow, ExamView, Role } from "./placeholder.ts";

/** Who is signed in; `exp` is when that ends, ms. */
export interface Session {
  person: { id: number; name: string; roles: Role[] };
  exp: number;
}

/** Something that an operator must know about an exam, such as its quarantine. */
export interface Alert {
  exam?: number;
  kind: string;
  text: string;
  at: number;
}

/** The state of the stream `board`. */
export interface BoardView {
  exams: Record<string, BoardRow>;
  alerts?: Record<string, Alert>;
}

/** One exam as `GET /exams/{id}` answers it. */
export interface ExamSnapshot {
  epoch: string;
  seq: number;
  hash: string;
  state: ExamView;
}

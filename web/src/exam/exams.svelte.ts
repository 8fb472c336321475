// The list of a person's exams, asked for over plain HTTP and kept fresh while a page shows it.
import { listExams } from "../api/client.ts";
import type { ListedExam } from "../api/wire.ts";

/** How often the list is asked for again. */
const REFRESH_MS = 10_000;

export class ExamList {
  rows = $state.raw<ListedExam[] | undefined>();
  failed = $state(false);
  private timer: ReturnType<typeof setTimeout> | undefined;
  private stopped = false;

  async refresh(): Promise<void> {
    clearTimeout(this.timer);
    const reply = await listExams();
    if (this.stopped) return;
    this.failed = !reply.ok;
    if (reply.ok) this.rows = reply.value;
    this.timer = setTimeout(() => void this.refresh(), REFRESH_MS);
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }
}

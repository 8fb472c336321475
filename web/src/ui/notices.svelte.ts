// Short messages that come and go: refusals and confirmations. Shown and spoken by Notices.svelte.

export interface Notice {
  id: number;
  tone: "ok" | "bad";
  text: string;
}

/** Notices shown at once; the oldest gives way. */
const NOTICES_MAX = 4;
const SHOWN_MS = 8_000;

class NoticeList {
  list = $state.raw<Notice[]>([]);
  private ids = 0;

  ok(text: string): void {
    this.add("ok", text);
  }

  bad(text: string): void {
    this.add("bad", text);
  }

  remove(id: number): void {
    this.list = this.list.filter((notice) => notice.id !== id);
  }

  private add(tone: Notice["tone"], text: string): void {
    this.ids += 1;
    const id = this.ids;
    this.list = [...this.list.filter((n) => n.text !== text), { id, tone, text }].slice(-NOTICES_MAX);
    setTimeout(() => this.remove(id), SHOWN_MS);
  }
}

export const notices = new NoticeList();

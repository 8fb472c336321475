// The chosen language (remembered on this device), and dates and durations written in it.
import { en } from "./en.ts";
import { ru, type Messages } from "./ru.ts";

export type Lang = "ru" | "en";
const KEY = "nsk.lang";

function remembered(): Lang {
  try {
    return localStorage.getItem(KEY) === "en" ? "en" : "ru";
  } catch {
    return "ru";
  }
}

class I18n {
  lang: Lang = $state(remembered());
  m: Messages = $derived(this.lang === "en" ? en : ru);
  private clock = $derived(new Intl.DateTimeFormat(this.m.locale, { hour: "2-digit", minute: "2-digit" }));
  private clockSeconds = $derived(
    new Intl.DateTimeFormat(this.m.locale, { hour: "2-digit", minute: "2-digit", second: "2-digit" }),
  );
  private day = $derived(new Intl.DateTimeFormat(this.m.locale, { day: "numeric", month: "long" }));

  use(lang: Lang): void {
    this.lang = lang;
    document.documentElement.lang = lang;
    try {
      localStorage.setItem(KEY, lang);
    } catch {
      // Without storage the choice lasts as long as the page.
    }
  }

  /** 14:05 in the browser's zone. */
  hm(at: number): string {
    return this.clock.format(at);
  }

  /** 14:05:09 in the browser's zone. */
  hms(at: number): string {
    return this.clockSeconds.format(at);
  }

  date(at: number): string {
    return this.day.format(at);
  }

  /** 14:05, with the day before it when that is not today. */
  when(at: number, now: number): string {
    const same = new Date(at).toDateString() === new Date(now).toDateString();
    return same ? this.hm(at) : `${this.date(at)}, ${this.hm(at)}`;
  }

  /** `1:02:03` or `02:03`: a clock that ticks. */
  countdown(ms: number): string {
    const total = Math.max(0, Math.ceil(ms / 1_000));
    const two = (n: number): string => String(n).padStart(2, "0");
    const [h, m, s] = [Math.floor(total / 3_600), Math.floor(total / 60) % 60, total % 60];
    return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${two(m)}:${two(s)}`;
  }

  /** A length in words: 1 h 5 min, 40 s. */
  span(ms: number): string {
    const total = Math.max(0, Math.round(ms / 1_000));
    const [h, m, s] = [Math.floor(total / 3_600), Math.floor(total / 60) % 60, total % 60];
    const t = this.m.time;
    if (h > 0) return `${h} ${t.hour} ${m} ${t.minute}`;
    return m > 0 ? `${m} ${t.minute}` : `${s} ${t.second}`;
  }

  /** What a refusal means: our words for the code, and the server's own where they tell more. */
  refusal(code: string, message: string): string {
    const known = this.m.code[code];
    if (!known) return this.m.refused(message || code);
    const tellsMore = ["invalid", "no_quorum", "cameras_not_ready", "limit"].includes(code);
    return tellsMore && message ? `${known} (${message})` : known;
  }
}

export const i18n = new I18n();

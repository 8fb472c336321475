// Server-sent events: the second way by which frames reach a page, one EventSource per stream.
// The browser resumes it by itself with Last-Event-ID; what we add is starting anew when it gave up.
import { parseFrames, type ServerFrame } from "./frames.ts";

/** Pause before an EventSource that gave up is opened again. */
export const REOPEN_MS = 3_000;

const NAMES = ["sub", "snap", "ev", "dig", "lag", "pres", "ping", "auth_soon", "bye", "message"];

/** The part of `EventSource` that is used. */
export interface WireEvents {
  addEventListener(name: string, listener: (event: { data?: unknown }) => void): void;
  close(): void;
  readonly readyState: number;
}

export interface EventsHandlers {
  frame(frame: ServerFrame): void;
  /** A stream's connection opened or broke. */
  changed(): void;
}

export class EventStreams {
  private sources = new Map<string, { source: WireEvents; up: boolean }>();
  private timers = new Map<string, ReturnType<typeof setTimeout>>();

  constructor(
    private readonly open: (stream: string) => WireEvents,
    private readonly handlers: EventsHandlers,
  ) {}

  /** Opens what is missing and closes what is not wanted any more. */
  follow(streams: Iterable<string>): void {
    const wanted = new Set(streams);
    for (const stream of [...this.sources.keys()]) if (!wanted.has(stream)) this.stop(stream);
    for (const stream of wanted) if (!this.sources.has(stream)) this.start(stream);
  }

  /** Starts a stream anew, which makes the server send a snapshot. */
  restart(stream: string): void {
    if (!this.sources.has(stream)) return;
    this.stop(stream);
    this.start(stream);
  }

  /** Whether anything is to come this way now. */
  get wanted(): boolean {
    return this.sources.size > 0;
  }

  isUp(stream: string): boolean {
    return this.sources.get(stream)?.up ?? false;
  }

  private start(stream: string): void {
    clearTimeout(this.timers.get(stream));
    const entry = { source: this.open(stream), up: false };
    this.sources.set(stream, entry);
    const current = (): boolean => this.sources.get(stream) === entry;
    const set = (up: boolean): void => {
      entry.up = up;
      this.handlers.changed();
    };
    entry.source.addEventListener("open", () => current() && set(true));
    entry.source.addEventListener("error", () => {
      if (!current()) return;
      set(false);
      const CLOSED = 2;
      if (entry.source.readyState !== CLOSED) return;
      this.stop(stream);
      this.timers.set(stream, setTimeout(() => this.start(stream), REOPEN_MS));
      // Kept in the map so that `follow` does not open a second one before the timer does.
      this.sources.set(stream, entry);
    });
    for (const name of NAMES) {
      entry.source.addEventListener(name, (event) => {
        if (!current() || typeof event.data !== "string") return;
        for (const frame of parseFrames(event.data).frames) this.handlers.frame(frame);
      });
    }
  }

  private stop(stream: string): void {
    clearTimeout(this.timers.get(stream));
    this.timers.delete(stream);
    this.sources.get(stream)?.source.close();
    this.sources.delete(stream);
  }
}

// Who is signed in on this page, and what they may open.
import { signIn, signOut, whoAmI } from "./api/client.ts";
import type { Role, Session } from "./api/wire.ts";
import { i18n } from "./i18n/i18n.svelte.ts";
import { live } from "./live/live.svelte.ts";
import type { Path } from "./routes.svelte.ts";
import { notices } from "./ui/notices.svelte.ts";

/** Pause between two tries to learn who is signed in while the server cannot be reached. */
const RETRY_MS = 3_000;

const PAGES: Record<Exclude<Path, "/">, Role[]> = {
  "/board": ["observer", "council", "operator", "administrator"],
  "/operator": ["operator", "administrator"],
  "/expert": ["expert"],
  "/seat": ["candidate"],
};

/** Roles that the server shows a score sheet to. */
const SHEETS: Role[] = ["expert", "operator", "council", "administrator"];

export type Problem = "wrong" | "network" | "limited" | "expired" | "revoked" | { text: string };

class SessionState {
  state = $state<"checking" | "unreachable" | "out" | "in">("checking");
  person = $state.raw<Session["person"] | undefined>();
  problem = $state.raw<Problem | undefined>();

  /** Pages open to this person's roles. */
  pages = $derived(
    (Object.keys(PAGES) as Exclude<Path, "/">[]).filter((page) =>
      PAGES[page].some((role) => this.person?.roles.includes(role)),
    ),
  );

  /** The explained score holds correct answers: not for those who only watch. */
  readsSheets = $derived(SHEETS.some((role) => this.person?.roles.includes(role)));

  async check(): Promise<void> {
    const reply = await whoAmI();
    if (reply.ok) this.enter(reply.value);
    else if (reply.kind === "http" && reply.status < 500) this.state = "out";
    else {
      this.state = "unreachable";
      setTimeout(() => void this.check(), RETRY_MS);
    }
  }

  async signIn(login: string, password: string): Promise<void> {
    this.problem = undefined;
    const reply = await signIn(login, password);
    if (reply.ok) this.enter(reply.value);
    else if (reply.kind === "network") this.problem = "network";
    else if (reply.status === 429) this.problem = "limited";
    else if (reply.status === 401 || reply.status === 403) this.problem = "wrong";
    else this.problem = { text: reply.message };
  }

  async signOut(): Promise<void> {
    const reply = await signOut();
    // While the server cannot be told, the cookie still opens the pages: say so, do not pretend.
    if (reply.ok || (reply.kind === "http" && reply.status === 401)) this.leave();
    else notices.bad(i18n.m.session.notOut);
  }

  private enter(session: Session): void {
    this.person = session.person;
    this.problem = undefined;
    this.state = "in";
    live.start(session.person.id, (event) => {
      // Asking who I am lets the server renew the cookie while the page stays as it is.
      if (event === "soon") void whoAmI();
      else this.leave(event);
    });
  }

  private leave(problem?: Problem): void {
    live.stop();
    this.person = undefined;
    this.problem = problem;
    this.state = "out";
  }
}

export const session = new SessionState();

// People in headless Chromium. Everything that a page complains about and every request to another
// host is written down; the tests look at both lists at the end.
import { chromium, type Browser, type Page } from "playwright-core";
import type { ExamView } from "../src/api/wire.ts";

const CHROMIUM = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
/** How long a page may take to show a value. */
const WAIT_MS = 20_000;
/** A picture of one white point, in place of those that lie on other hosts. */
const PICTURE = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mP8/x8AAwMCAO+ip1sAAAAASUVORK5CYII=",
  "base64",
);

export class People {
  /** Complaints of the pages: errors on the console and uncaught exceptions. */
  readonly complaints: string[] = [];
  /** Requests that went to another host than the station. */
  readonly foreign: string[] = [];
  /** Complaints are expected while the station is down. */
  outage = false;

  private constructor(private readonly browser: Browser, private readonly origin: string) {}

  static async open(origin: string): Promise<People> {
    const browser = await chromium.launch({
      executablePath: CHROMIUM,
      headless: true,
      args: [
        "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
        "--disable-component-update", "--disable-sync",
      ],
    });
    return new People(browser, origin);
  }

  async close(): Promise<void> {
    await this.browser.close();
  }

  /** A browser of somebody's own on the sign-in page. */
  async somebody(path = "/"): Promise<Page> {
    const context = await this.browser.newContext({
      locale: "ru-RU", timezoneId: "Europe/Moscow", viewport: { width: 1280, height: 800 },
    });
    context.setDefaultTimeout(WAIT_MS);
    await context.route((url) => url.origin !== this.origin, (route) => {
      this.foreign.push(route.request().url());
      return route.fulfill({ contentType: "image/png", body: PICTURE });
    });
    const page = await context.newPage();
    page.on("pageerror", (error) => this.complaints.push(`${path}: ${error}`));
    page.on("console", (message) => {
      if (message.type() !== "error" || this.outage) return;
      // Nobody is signed in when a page is opened first, and the page can only ask. A wrong
      // password is answered alike.
      const probe = message.location().url === `${this.origin}/api/nsk/v1/session` && message.text().includes("401");
      if (!probe) this.complaints.push(`${path}: ${message.text()} (${message.location().url})`);
    });
    await page.goto(this.origin + path);
    return page;
  }

  /** Somebody who has signed in; the demo's passwords are the logins. */
  async signedIn(login: string, path: string): Promise<Page> {
    const page = await this.somebody(path);
    await signIn(page, login, login);
    return page;
  }
}

export async function signIn(page: Page, login: string, password: string): Promise<void> {
  await page.fill("#login", login);
  await page.fill("#password", password);
  await page.click("button[type=submit]");
}

/** The exam as the server shows it to the person who is signed in on this page. */
export async function examOnServer(page: Page, exam: number): Promise<ExamView> {
  const origin = new URL(page.url()).origin;
  const response = await page.request.get(`${origin}/api/nsk/v1/exams/${exam}`);
  if (!response.ok()) throw new Error(`exam ${exam}: ${response.status()}`);
  return ((await response.json()) as { state: ExamView }).state;
}

/** Presses Tab until the focus is on what the selector names. */
export async function tabTo(page: Page, selector: string): Promise<void> {
  const STOPS_MAX = 60;
  for (let stop = 0; stop < STOPS_MAX; stop += 1) {
    await page.keyboard.press("Tab");
    if (await page.evaluate((wanted) => document.activeElement?.matches(wanted) ?? false, selector)) return;
  }
  throw new Error(`the keyboard does not reach ${selector}`);
}

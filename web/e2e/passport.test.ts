// The passport's pages as people use them: by keyboard alone with scripts switched off, on a narrow
// screen, in the dark.
import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ADMIN, EXPERT, PASSWORD, Passport } from "./passport.ts";

const CHROMIUM = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
/** Where pictures of the pages go, for whoever wants to look at them. */
const PICTURES = process.env["NSK_PICTURES"];
const SECTIONS = ["people", "organisations", "groups", "clients", "services", "keys", "audit"];
const STOPS_MAX = 80;

let passport: Passport;
let browser: Browser;

beforeAll(async () => {
  passport = await Passport.start();
  browser = await chromium.launch({
    executablePath: CHROMIUM,
    headless: true,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"],
  });
});

afterAll(async () => {
  await browser?.close();
  await passport?.stop();
});

type Look = { width: number; dark: boolean; script: boolean };

async function somebody({ width, dark, script }: Look): Promise<BrowserContext> {
  const context = await browser.newContext({
    baseURL: passport.origin, locale: "ru-RU", viewport: { width, height: 800 },
    colorScheme: dark ? "dark" : "light", javaScriptEnabled: script,
  });
  context.setDefaultTimeout(20_000);
  return context;
}

/** Presses Tab until the focus is where it is wanted; it is visible there. */
async function tabTo(page: Page, selector: string): Promise<void> {
  for (let stop = 0; stop < STOPS_MAX; stop += 1) {
    await page.keyboard.press("Tab");
    const focus = page.locator(":focus");
    if ((await page.locator(`${selector}:focus`).count()) === 0) continue;
    const outline = await focus.evaluate((element) => getComputedStyle(element).outlineWidth);
    expect(parseFloat(outline), `${selector} shows that it has the focus`).toBeGreaterThanOrEqual(2);
    return;
  }
  throw new Error(`the keyboard does not reach ${selector}`);
}

async function signIn(page: Page, upn: string): Promise<void> {
  await page.goto("/passport/login");
  await tabTo(page, "#login");
  await page.keyboard.type(upn);
  await tabTo(page, "#password");
  await page.keyboard.type(PASSWORD);
  await page.keyboard.press("Enter");
  await page.waitForURL("**/passport");
}

/** Nothing sticks out of the page, every field has a label, and there is one heading of the first order. */
async function tidy(page: Page, what: string): Promise<void> {
  const found = await page.locator("html").evaluate((html) => ({
    wide: html.scrollWidth - html.clientWidth,
    bare: [...html.querySelectorAll("input:not([type=hidden]), select, textarea")]
      .filter((field) => !(field as HTMLInputElement).labels?.length).map((field) => field.id),
    ids: [...html.querySelectorAll("[id]")].map((element) => element.id)
      .filter((id, at, all) => all.indexOf(id) !== at),
    headings: html.querySelectorAll("h1").length,
    captions: [...html.querySelectorAll("table")].filter((table) => !table.caption).length,
    small: [...html.querySelectorAll("button, input:not([type=hidden], [type=checkbox]), select")]
      .filter((element) => element.checkVisibility() && element.getBoundingClientRect().height < 43).map((element) => element.outerHTML),
  }));
  expect(found, what).toEqual({ wide: 0, bare: [], ids: [], headings: 1, captions: 0, small: [] });
}

async function picture(page: Page, name: string): Promise<void> {
  if (PICTURES !== undefined) await page.screenshot({ path: `${PICTURES}/${name}.png`, fullPage: true });
}

it("lets somebody sign in, choose a role and end a sign-in by keyboard alone, without scripts", async () => {
  const look = { width: 1280, dark: false, script: false };
  const [here, elsewhere] = await Promise.all([somebody(look), somebody(look)]);
  const [page, other] = await Promise.all([here.newPage(), elsewhere.newPage()]);
  await signIn(other, EXPERT);
  await page.goto("/passport/login");
  await tabTo(page, "#password");
  await page.keyboard.type("wrong");
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.type(EXPERT);
  await page.keyboard.press("Enter");
  await page.getByRole("alert").getByText("не подходят").waitFor();
  await signIn(page, EXPERT);
  const roles = page.getByRole("list", { name: "Роль и организация" });
  expect(await roles.getByRole("listitem").count()).toBe(2);
  await tabTo(page, 'form[action="/passport/role"] button');
  await page.keyboard.press("Enter");
  await roles.getByText("Выбрана").waitFor();
  const sessions = page.getByRole("list", { name: "Мои сеансы" });
  expect(await sessions.getByRole("listitem").count()).toBe(2);
  await tabTo(page, 'form[action="/passport/sessions/end"] button');
  await page.keyboard.press("Enter");
  await expect.poll(() => sessions.getByRole("listitem").count()).toBe(1);
  await other.goto("/passport");
  expect(new URL(other.url()).pathname).toBe("/passport/login");
  await page.goto("/passport/admin");
  await page.getByRole("heading", { name: "Нет доступа" }).waitFor();
  await Promise.all([here.close(), elsewhere.close()]);
});

it("lets an administrator enter somebody by keyboard alone, without scripts", async () => {
  const context = await somebody({ width: 1280, dark: false, script: false });
  const page = await context.newPage();
  await signIn(page, ADMIN);
  await tabTo(page, 'a[href="/passport/admin"]');
  await page.keyboard.press("Enter");
  await page.getByRole("table", { name: "Люди" }).waitFor();
  await tabTo(page, "#upn");
  await page.keyboard.type("Новый");
  await tabTo(page, "#name");
  await page.keyboard.type("Новиков Николай Николаевич");
  await page.keyboard.press("Enter");
  const alert = page.getByRole("alert");
  await alert.waitFor();
  expect(await page.locator("#upn").getAttribute("aria-invalid")).toBe("true");
  await alert.getByRole("link").press("Enter");
  await page.keyboard.press("Control+a");
  await page.keyboard.type("novikov.nn@nark.example");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Человек заведён" }).waitFor();
  const once = (await page.locator("code.secret").innerText()).trim();
  await tabTo(page, "main a.button");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Новиков Николай Николаевич" }).waitFor();
  expect(await page.content()).not.toContain(once);
  await tabTo(page, "#role");
  await page.keyboard.press("ArrowDown");
  await tabTo(page, 'form:has(#role) button[type="submit"]');
  await page.keyboard.press("Enter");
  await page.getByRole("status").getByText("Готово").waitFor();
  await page.getByRole("cell", { name: "действует" }).waitFor();
  await context.close();
});

it.each([
  { width: 320, dark: true }, { width: 320, dark: false }, { width: 1280, dark: true }, { width: 1280, dark: false },
])("shows tidy pages $width wide (dark: $dark)", async ({ width, dark }) => {
  const context = await somebody({ width, dark, script: false });
  const page = await context.newPage();
  const tag = `${width}-${dark ? "dark" : "light"}`;
  await page.goto("/passport/login");
  await tidy(page, "login");
  await picture(page, `login-${tag}`);
  await page.locator("#login").press("Enter");
  await signIn(page, EXPERT);
  await tidy(page, "account");
  await picture(page, `account-${tag}`);
  await context.clearCookies();
  await signIn(page, ADMIN);
  for (const section of SECTIONS) {
    await page.goto(`/passport/admin/${section}`);
    await tidy(page, section);
    await picture(page, `${section}-${tag}`);
  }
  await page.goto("/passport/admin/people");
  await page.getByRole("link", { name: EXPERT }).click();
  await tidy(page, "person");
  await picture(page, `person-${tag}`);
  await page.goto("/passport/admin/clients/portal");
  await tidy(page, "client");
  await picture(page, `client-${tag}`);
  for (const own of ["password", "codes", "qr", "passkeys"]) {
    await page.goto(`/passport/${own}`);
    await tidy(page, own);
    await picture(page, `${own}-${tag}`);
  }
  await context.close();
});

it("lets somebody sign in with a passkey where scripts run", async () => {
  const context = await somebody({ width: 1280, dark: false, script: true });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => void (message.type() === "error" && complaints.push(message.text())));
  const devtools = await context.newCDPSession(page);
  await devtools.send("WebAuthn.enable");
  const { authenticatorId } = await devtools.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2", transport: "internal", hasResidentKey: true, hasUserVerification: true,
      isUserVerified: true, automaticPresenceSimulation: true,
    },
  });
  await signIn(page, EXPERT);
  await page.goto("/passport/passkeys");
  await page.getByLabel("Как его назвать").fill("телефон");
  await page.getByRole("button", { name: "Добавить", exact: true }).click();
  await page.getByRole("listitem").getByText("телефон").waitFor();
  await page.getByRole("button", { name: "Выйти" }).click();
  await page.waitForURL("**/passport/login");
  const sent = page.waitForRequest("**/passport/login/passkey");
  await page.getByRole("button", { name: "Войти с ключом доступа" }).click();
  await page.waitForURL("**/passport");
  await page.getByText(", ключ доступа").waitFor();
  expect(complaints).toEqual([]);

  // The same answer again is no answer, and a device that knows nobody is none.
  await page.getByRole("button", { name: "Выйти" }).click();
  await page.waitForURL("**/passport/login");
  const again = await page.request.post("/passport/login/passkey", {
    headers: { origin: passport.origin, "content-type": "application/x-www-form-urlencoded" },
    data: (await sent).postData() ?? "",
  });
  expect(again.status()).toBe(422);
  await devtools.send("WebAuthn.setUserVerified", { authenticatorId, isUserVerified: false });
  await page.getByRole("button", { name: "Войти с ключом доступа" }).click();
  await page.locator("[data-passkey-fault]").waitFor();
  await context.close();
});

it("works without passkeys where scripts do not run", async () => {
  const context = await somebody({ width: 320, dark: false, script: false });
  const page = await context.newPage();
  await page.goto("/passport/login");
  expect(await page.getByRole("button").allInnerTexts()).toEqual(["Войти"]);
  await signIn(page, EXPERT);
  await page.goto("/passport/passkeys");
  await page.getByText("должны работать сценарии").waitFor();
  await tidy(page, "passkeys");
  await context.close();
});

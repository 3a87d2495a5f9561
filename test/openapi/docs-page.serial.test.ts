import assert from "node:assert/strict";
import { after, before, describe, type TestContext, test } from "node:test";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { ask } from "../shared/requests/http.ts";
import { newPerson, register, sameSecret } from "../shared/requests/people.ts";
import { evaluate, launch, openTab } from "../support/browser.ts";
import { startHaven } from "../support/haven.ts";
import { findLowContrast, pageOverflow } from "../support/in-page.ts";
import { blackPng } from "../support/kubernetes/images.ts";
import { findInvisibleFocus, findObstacles } from "./support/accessibility.ts";
import { readDocument } from "./support/api-document.ts";
import { tickerRoutes } from "./support/ticker.ts";

const haven = await startHaven({
  env: { ...sameSecret },
  overrides: { routes: tickerRoutes },
});
const { operations } = await readDocument(haven.url);

/** Opens the form that tries an operation. */
async function openTryForm(page: Page, id: string) {
  const article = page.locator(`#${id}`);
  await article.locator(".try > summary").click();
  return {
    body: (value: object) => article.locator("[data-body]").fill(JSON.stringify(value)),
    send: () => article.getByRole("button", { name: "Send" }).click(),
    outcome: article.locator(".outcome"),
    article,
  };
}

async function signIn(page: Page, { email, password }: { email: string; password: string }): Promise<void> {
  await page.getByLabel("Email", { exact: true }).fill(email);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
}

/** Creates a browser script. The script returns the text that a screen reader announces for a live region. */
const announcementScript = (selector: string) => `(() => {
  const region = document.querySelector("${selector}");
  if (region.getAttribute("role") !== "status" || region.getAttribute("aria-atomic") !== "false") return "";
  const silent = (node) => node.parentElement.closest("[aria-live]")?.getAttribute("aria-live") === "off";
  const texts = document.createTreeWalker(region, NodeFilter.SHOW_TEXT, (node) => (silent(node) ? 2 : 1));
  let announced = "";
  while (texts.nextNode()) announced += texts.currentNode.data + " ";
  return announced;
})()`;

const spaceBelowContent = `document.documentElement.scrollHeight - scrollY - document.querySelector("main").lastElementChild.getBoundingClientRect().bottom`;

describe("the reference in a browser", { concurrency: 2 }, () => {
  let browser: Browser;
  before(async () => {
    browser = await launch();
  });
  after(() => browser.close());
  const open = (t: TestContext, options: BrowserContextOptions = {}, path = "/api/docs", { url } = haven) =>
    openTab(t, browser, url + path, options);

  test("registers, creates and lists, and fills returned ids into later forms", async (t) => {
    const { page, assertNoProblems } = await open(t);
    const person = newPerson();
    const account = await openTryForm(page, "register");
    await account.body(person);
    await account.send();
    await account.outcome.getByText("201 Created").waitFor();
    await page.locator("#signed-in").getByText(`Signed in as ${person.email}.`).waitFor();

    const property = await openTryForm(page, "createProperty");
    await property.send();
    await property.outcome.getByText("201 Created").waitFor();
    const list = await openTryForm(page, "listProperties");
    await list.send();
    await list.outcome.getByText('"name": "Harbour House"').waitFor();

    const unit = await openTryForm(page, "createUnit");
    await unit.send();
    await unit.outcome.getByText("201 Created").waitFor();
    assert.equal(await evaluate(page, "localStorage.length + sessionStorage.length + document.cookie.length"), 0);
    assert.deepEqual(await page.context().cookies(), []);
    assertNoProblems();
  });

  test("signs in once for all operations, and signs out", async (t) => {
    const { page, assertNoProblems } = await open(t);
    const person = await register(haven.url);
    await signIn(page, { ...person, password: "wrong" });
    await page.getByText("The email address or the password is wrong.").waitFor();
    await signIn(page, person);
    await page.getByText(`Signed in as ${person.email}.`).waitFor();
    const me = await openTryForm(page, "getMe");
    await me.send();
    await me.outcome.getByText("200 OK").waitFor();
    await page.getByRole("button", { name: "Sign out" }).click();
    await me.send();
    await me.outcome.getByText("Sign in first.").waitFor();
    assertNoProblems();
  });

  test("requests the operator token, independent of the signed-in user", async (t) => {
    const guarded = await startHaven({ env: { ...sameSecret, OPS_TOKEN: "night-shift-at-the-harbour" } });
    const { page, assertNoProblems } = await open(t, {}, "/api/docs", guarded);
    const person = await register(guarded.url);
    await signIn(page, person);
    await page.getByText(`Signed in as ${person.email}.`).waitFor();
    const metrics = await openTryForm(page, "getMetrics");
    await metrics.send();
    await metrics.outcome.getByText("The operator token is missing: enter it.").click();
    await page.getByLabel("Operator token", { exact: true }).and(page.locator(":focus")).fill("day-shift");
    await page.keyboard.press("Enter");
    await metrics.send();
    await metrics.outcome.getByText("The operator token is wrong: enter another.").waitFor();
    await page.getByLabel("Operator token", { exact: true }).fill("смена");
    await metrics.send();
    await metrics.outcome.getByText("A header contains an invalid character.").waitFor();
    await page.getByLabel("Operator token", { exact: true }).fill("night-shift-at-the-harbour");
    await metrics.send();
    await metrics.outcome.getByText("200 OK").waitFor();
    const me = await openTryForm(page, "getMe");
    await me.send();
    await me.outcome.getByText("200 OK").waitFor();
    assert.ok(await page.getByText(`Signed in as ${person.email}.`).isVisible());
    assert.equal(await evaluate(page, "localStorage.length + sessionStorage.length + document.cookie.length"), 0);
    assertNoProblems();
  });

  test("sends files, and shows the events of a stream until Stop is pressed", async (t) => {
    const { page, assertNoProblems } = await open(t);
    await signIn(page, await register(haven.url));
    await page.locator("#signed-in").waitFor();
    const avatar = await openTryForm(page, "changeAvatar");
    const file = { name: "me.png", mimeType: "image/png", buffer: blackPng(64, 48) };
    await avatar.article.locator("input[type=file]").setInputFiles(file);
    await avatar.send();
    await avatar.outcome.getByText("200 OK").waitFor();

    const ticks = await openTryForm(page, "tick");
    await ticks.send();
    await ticks.outcome.getByText("data: two").waitFor();
    await ticks.article.getByRole("button", { name: "Stop" }).click();
    await ticks.outcome.getByText("Stopped.").waitFor();
    assertNoProblems();
  });

  test("shows errors of the request, the body and the connection", async (t) => {
    const { page } = await open(t);
    const login = await openTryForm(page, "login");
    await login.body({ email: "not-an-address" });
    await login.send();
    await login.outcome.getByText("Validation failed.").waitFor();
    await login.outcome.locator("li").filter({ hasText: "email must be an email address" }).waitFor();
    const unit = await openTryForm(page, "getUnit");
    await unit.send();
    await unit.outcome.getByText("Fill in unitId first.").waitFor();
    assert.equal(await evaluate(page, "document.activeElement.id"), "getUnit-unitId");
    await page.context().setOffline(true);
    await login.send();
    await login.outcome.getByText("No response: the connection failed.").waitFor();
  });

  test("filters operations, using the keyboard only", async (t) => {
    const { page, assertNoProblems } = await open(t);
    await page.keyboard.press("Tab");
    assert.equal(await evaluate(page, "document.activeElement.textContent"), "Skip to the operations");
    await page.keyboard.press("/");
    await page.keyboard.type("post lease");
    await page.getByText("1 operation", { exact: true }).waitFor();
    assert.equal(await page.locator("article:visible").count(), 1);
    await page.keyboard.press("Escape");
    assert.equal(await page.locator("article:visible").count(), operations.length);
    await page.locator("#register .try > summary").focus();
    await page.keyboard.press("Enter");
    await page.locator("#register-body").waitFor();
    await page.keyboard.press("Tab");
    assert.equal(await evaluate(page, "document.activeElement.id"), "register-body");
    assertNoProblems();
  });

  test("does not handle the slash and Escape keys in other fields", async (t) => {
    const { page, assertNoProblems } = await open(t);
    await page.keyboard.press("/");
    await page.keyboard.type("/units");
    assert.equal(await page.locator("#filter").inputValue(), "/units");
    const unit = await openTryForm(page, "getUnit");
    const field = unit.article.getByLabel("unitId");
    await field.fill("a");
    await page.keyboard.press("/");
    await page.keyboard.press("Escape");
    assert.deepEqual([await field.inputValue(), await page.locator("#filter").inputValue()], ["a/", "/units"]);
    await page.keyboard.press("Tab");
    await page.keyboard.press("Control+/");
    assert.notEqual(await evaluate(page, "document.activeElement.id"), "filter");
    assertNoProblems();
  });

  test("announces the status and errors of a response, but not its body", async (t) => {
    const { page } = await open(t);
    const login = await openTryForm(page, "login");
    await login.body({ email: "not-an-address" });
    await login.send();
    await login.outcome.getByText("400 Bad Request").waitFor();
    const announced = await evaluate(page, announcementScript("#login .outcome"));
    assert.match(String(announced), /400 Bad Request.*Validation failed\..*email\s+must be an email address/s);
    assert.doesNotMatch(String(announced), /validation_failed",|content-type:/);
    assert.deepEqual(await evaluate(page, findObstacles), []);
  });

  test("copies a command with the address of this server", async (t) => {
    const { page, assertNoProblems } = await open(t, { permissions: ["clipboard-read", "clipboard-write"] });
    await page.locator("#getMe [data-copy]").click();
    await page.getByRole("button", { name: "Copied" }).waitFor();
    const copied = await evaluate(page, "navigator.clipboard.readText()");
    assert.equal(copied, `curl "${haven.url}/api/v1/auth/me" \\\n  -H "Authorization: Bearer $TOKEN"`);
    assertNoProblems();
  });

  test("without JavaScript the reference is complete", async (t) => {
    const { page, assertNoProblems } = await open(t, { javaScriptEnabled: false });
    await page.getByText("Without JavaScript this page is a reference only").waitFor();
    const paths = await page.locator("article .path").allTextContents();
    assert.deepEqual(paths.sort(), operations.map(({ path }) => path).sort());
    assert.equal(await page.getByRole("button", { name: "Send" }).count(), 0);
    await page.locator("#createUnit .answer summary").first().click();
    assert.ok(await page.locator("#createUnit .answer pre").first().isVisible());
    assertNoProblems();
  });

  for (const path of ["/api/docs", "/api"]) {
    test(`${path} fits on a phone and is accessible, in light and dark mode`, async (t) => {
      const { page, assertNoProblems } = await open(t, { viewport: { width: 360, height: 740 } }, path);
      await evaluate(page, `for (const details of document.querySelectorAll("details")) details.open = true`);
      // With `content-visibility: auto` the browser does not lay out articles outside of the screen.
      await evaluate(
        page,
        `for (const article of document.querySelectorAll(".op")) article.style.contentVisibility = "visible"`,
      );
      assert.equal(await evaluate(page, pageOverflow), 0);
      const below = await evaluate(page, spaceBelowContent);
      assert.ok(Number(below) >= 24, `the space below the last block is ${below} px`);
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme });
        assert.deepEqual(await evaluate(page, findLowContrast), []);
      }
      await page.keyboard.press("Tab");
      assert.deepEqual(await evaluate(page, findInvisibleFocus), []);
      const obstacles = (await evaluate(page, findObstacles)) as string[];
      assert.deepEqual(path === "/api" ? obstacles.filter((obstacle) => obstacle !== "no nav") : obstacles, []);
      assertNoProblems();
    });
  }
});

test("the pages allow only their own inline script and style", async () => {
  for (const path of ["/api/docs", "/api"]) {
    const { headers, text } = await ask(haven.url + path, { headers: { accept: "text/html" } });
    const policy = String(headers["content-security-policy"]);
    assert.match(policy, /^default-src 'none'; script-src 'sha256-[^']+'; style-src 'sha256-[^']+'; img-src data:;/);
    const markup = text.replaceAll(/<(script|style)>.*?<\/\1>/gs, "");
    assert.doesNotMatch(markup, /<[^>]*\s(style|on\w+|src|action|srcset)=/);
    assert.equal(
      (await ask(haven.url + path, { headers: { accept: "text/html", "if-none-match": headers.etag ?? "" } })).status,
      304,
    );
  }
});

describe("the commands on the pages, without JavaScript", () => {
  const read = (path: string, headers: Record<string, string>, url = haven.url) =>
    ask(url + path, { headers: { accept: "text/html", ...headers } });
  const originsIn = ({ text }: { text: string }) => [
    ...new Set([...text.matchAll(/<code>curl[^<]*?(https?:\/\/[^/<]+)/g)].map(([, origin]) => origin)),
  ];

  for (const path of ["/api/docs", "/api"]) {
    test(`${path}: contain the Host of the request as the address of the server`, async () => {
      assert.deepEqual(originsIn(await read(path, {})), [haven.url]);
      assert.deepEqual(originsIn(await read(path, { host: "Haven.example:8443" })), ["http://haven.example:8443"]);
      assert.deepEqual(originsIn(await read(path, { host: "[::1]:4000" })), ["http://[::1]:4000"]);
    });

    test(`${path}: have the scheme that a trusted proxy reports`, async () => {
      const withOtherProxies = await startHaven({ env: { ...sameSecret, TRUST_PROXY: "10.0.0.0/8" } });
      const proxied = { host: "haven.example", "x-forwarded-proto": "https" };
      assert.deepEqual(originsIn(await read(path, proxied)), ["https://haven.example"]);
      assert.deepEqual(originsIn(await read(path, proxied, withOtherProxies.url)), ["http://haven.example"]);
      const invalidScheme = { host: "haven.example", "x-forwarded-proto": "https://evil.example/?" };
      assert.deepEqual(originsIn(await read(path, invalidScheme)), ["http://haven.example"]);
    });

    test(`${path}: do not contain a Host that is unsafe in a shell`, async () => {
      for (const host of ["a;id", "$(id)", "a&b", "'a'"])
        assert.deepEqual(originsIn(await read(path, { host })), [`http://localhost:${haven.port}`]);
    });

    test(`${path}: have a separate ETag for each Host, for any number of hosts`, async () => {
      const first = await read(path, { host: "haven-0.example" });
      const tags = new Set([first.headers.etag]);
      for (let n = 1; n < 20; n += 1) tags.add((await read(path, { host: `haven-${n}.example` })).headers.etag);
      assert.equal(tags.size, 20);
      const again = await read(path, { host: "haven-0.example", "if-none-match": first.headers.etag ?? "" });
      assert.equal(again.status, 304);
    });
  }
});

test("/api is a page for browsers and a JSON index for other clients", async () => {
  const browsers = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
  const page = await ask(`${haven.url}/api`, { headers: { accept: browsers } });
  const index = await ask(`${haven.url}/api`, { headers: { accept: "*/*" } });
  assert.deepEqual(
    [page.headers["content-type"], page.headers.vary],
    ["text/html; charset=utf-8", "Accept, Accept-Encoding"],
  );
  assert.deepEqual([index.headers["content-type"], index.headers.vary], ["application/json; charset=utf-8", "Accept"]);
  const { links } = index.json() as { links: Record<string, string> };
  for (const link of Object.values(links)) assert.notEqual((await ask(haven.url + link)).status, 404);
});

test("with a management port the public reference has no operator endpoints", async () => {
  const withManagementPort = await startHaven({ env: { ...sameSecret, MANAGEMENT_PORT: "0" } });
  const ids = (await readDocument(withManagementPort.url)).operations.map(({ id }) => id);
  assert.ok(ids.includes("getReady") && !ids.includes("getMetrics"));
  assert.doesNotMatch(
    (await ask(`${withManagementPort.url}/api/docs`)).text,
    /health\/detailed|\/metrics|<input id="operator-token"/,
  );
});

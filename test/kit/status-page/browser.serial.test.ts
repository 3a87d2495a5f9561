import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Browser } from "playwright-core";
import type { HealthReport } from "../../../src/kit/health/health-report.ts";
import { renderPage, renderPublicPage } from "../../../src/kit/status-page/page.ts";
import { eventually } from "../../shared/eventually.ts";
import { evaluate, launch, openTab } from "../../support/browser.ts";
import { findLowContrast, pageOverflow } from "../../support/in-page.ts";
import { pretendHidden, recordAnnouncements } from "./support/browser-snippets.ts";
import { ago, breaker, down, extras, fleet, healthReport, longHistory, member, now } from "./support/health-reports.ts";
import { serve } from "./support/serve.ts";

const healthy = healthReport();
const unhealthy = healthReport({
  status: "unhealthy",
  checks: { ...healthy.checks, postgres: down({ critical: true }) },
  circuitBreakers: [breaker({ state: "open", since: ago(118), nextAttemptAt: ago(-3) })],
  history: longHistory(),
});
const pageOf = (shown: HealthReport, nowMs = now) => renderPage(shown, extras({ nowMs, intervalMs: 100 }));
const page = (shown: HealthReport, nowMs?: number) => ({
  status: shown.status === "unhealthy" ? 503 : 200,
  body: pageOf(shown, nowMs),
});
const publicPage = {
  status: 200,
  body: renderPublicPage({ status: "healthy", instance: "api-server-2", timestamp: ago(0) }),
};

describe("the status page in a browser", { concurrency: 4 }, () => {
  let browser: Browser;
  before(async () => {
    browser = await launch();
  });
  after(() => browser.close());

  test("updates itself, and keeps focus, scroll position, selection and opened details", async (t) => {
    let shown = healthy;
    const server = await serve(t, () => page(shown, now + server.requests() * 1000));
    const { page: tab, assertNoProblems } = await openTab(t, browser, server.url);
    await evaluate(tab, recordAnnouncements);
    const numbers = tab.locator("#check-1 summary");
    await numbers.click();
    await evaluate(tab, `scrollTo(0, 250); getSelection().selectAllChildren(document.getElementById("check-2-name"))`);
    await evaluate(tab, `document.querySelector("#check-1 h3").same = true`);
    const place = `Math.floor(document.querySelector("#check-2-name").getBoundingClientRect().top)`;
    const before = await evaluate(tab, place);

    shown = unhealthy;
    await tab.getByRole("heading", { name: "Unhealthy" }).waitFor();
    await tab.locator("#check-1.bad").waitFor();
    assert.equal(await tab.title(), "Unhealthy, postgres · api-server-2");
    assert.match((await tab.locator("link[rel=icon]").getAttribute("href")) ?? "", /d92d20/);
    assert.equal(await evaluate(tab, `document.querySelector("#check-1 details").open`), true);
    assert.equal(await evaluate(tab, `document.activeElement.matches("#check-1 summary")`), true);
    assert.equal(await evaluate(tab, "getSelection().toString()"), "redis");
    assert.equal(await evaluate(tab, `document.querySelector("#check-1 h3").same`), true);
    assert.equal(await evaluate(tab, place), before);

    const answered = server.requests();
    await eventually(server.requests, (requests) => requests > answered);
    assert.deepEqual(await evaluate(tab, "announced"), [
      "Unhealthy. postgres does not answer (timeout) since 03:12:07 UTC; it is critical, so this instance is out of rotation.",
    ]);
    assertNoProblems();
  });

  test("adds new changes to the history, and keeps the elements of the earlier ones", async (t) => {
    let history = longHistory(100);
    const server = await serve(t, () => page({ ...healthy, history }));
    const { page: tab } = await openTab(t, browser, server.url);
    await evaluate(tab, `for (const row of document.querySelectorAll("tr")) row.old = true`);
    await tab.getByText("30 earlier").click();
    const change = { at: ago(0), kind: "check", name: "photos", from: "unknown", to: "up", reason: null } as const;
    history = [...history, change];
    await tab.getByRole("cell", { name: "photos is up." }).waitFor();
    const counts = `[...document.querySelectorAll("table")].map((one) => [one.rows.length, [...one.rows].filter((row) => row.old).length])`;
    // The first table has a header and the 15 newest changes. The sixteenth has moved to the table of earlier changes.
    assert.deepEqual(await evaluate(tab, counts), [
      [16, 15],
      [31, 30],
    ]);
    assert.equal(await evaluate(tab, `document.querySelector("[data-key=older]").open`), true);
  });

  test("polls at most once a second, not while hidden or paused, and at once when visible again", async (t) => {
    const server = await serve(t, () => page(healthy));
    const { page: tab } = await openTab(t, browser, server.url);
    await evaluate(tab, pretendHidden(true));
    const requestCount = server.requests();
    await tab.waitForTimeout(1600);
    assert.equal(server.requests(), requestCount);
    await Promise.all([tab.waitForResponse(server.url), evaluate(tab, pretendHidden(false))]);
    await tab.getByRole("button", { name: "Pause" }).click();
    // On a slow machine the page polls again before it is paused.
    const paused = server.requests();
    assert.ok(paused > requestCount);
    await tab.waitForTimeout(1300);
    assert.equal(server.requests(), paused);
    await Promise.all([tab.waitForResponse(server.url), tab.getByRole("button", { name: "Resume" }).click()]);
    await tab.getByText("Live, every 1 s").waitFor();
  });

  test("shows since when the server does not answer, and updates again when the server is back", async (t) => {
    const server = await serve(t, () => page(healthy));
    const { page: tab, assertNoProblems } = await openTab(t, browser, server.url);
    await server.stop();
    await tab.getByText("No answer since 03:14:07 UTC: connection failed.").waitFor();
    assert.equal(await tab.title(), "No answer · Healthy · api-server-2");
    await server.restart();
    await tab.getByText("Live, every 1 s").waitFor();
    await tab.locator("#trouble").waitFor({ state: "hidden" });
    assert.equal(await tab.title(), "Healthy · api-server-2");
    assertNoProblems();
  });

  test("does not show the page of another server, and retries on demand", async (t) => {
    let isReachable = true;
    const badGateway = { status: 502, body: "<h1>Bad Gateway</h1>", headers: { "Content-Type": "text/html" } };
    const server = await serve(t, () => (isReachable ? page(healthy) : badGateway));
    const { page: tab } = await openTab(t, browser, server.url);
    isReachable = false;
    await tab.getByText("another server answered, with HTTP 502").waitFor();
    await tab.getByRole("heading", { name: "Healthy" }).waitFor();
    // While paused, the page does not poll, so only the button can fetch the page.
    await tab.getByRole("button", { name: "Pause" }).click();
    isReachable = true;
    await tab.getByRole("button", { name: "Retry" }).click();
    await tab.locator("#trouble").waitFor({ state: "hidden" });
  });

  test("times out if no answer comes", async (t) => {
    let silent = false;
    const server = await serve(t, () => (silent ? "never" : page(healthy)));
    const { page: tab } = await openTab(t, browser, server.url);
    silent = true;
    await tab.getByText("no response within 5 s").waitFor();
  });

  test("reports when another instance answers", async (t) => {
    const server = await serve(t, () =>
      page({ ...healthy, instance: server.requests() > 1 ? "api-server-3" : "api-server-2" }),
    );
    const { page: tab } = await openTab(t, browser, server.url);
    await tab.getByText("More than one instance has answered: api-server-2, api-server-3.").waitFor();
  });

  test("shows the full report for the operator token, and stores the token nowhere", async (t) => {
    let accepted = "Bearer night-shift";
    const server = await serve(t, ({ headers }) => (headers.authorization === accepted ? page(unhealthy) : publicPage));
    const { page: tab, assertNoProblems } = await openTab(t, browser, server.url);
    const field = tab.getByLabel("Operator token");
    for (const wrong of ["wrong", "schlüssel"]) {
      await field.fill(wrong);
      await field.press("Enter");
      await tab.getByText("The token is not valid.").waitFor();
    }
    await field.fill("night-shift");
    await tab.getByRole("button", { name: "Show" }).click();
    await tab.getByRole("heading", { name: "Checks" }).waitFor();
    await tab.getByText("Live, every 1 s").waitFor();
    assert.equal(await evaluate(tab, "document.activeElement.id"), "status");
    assert.equal(tab.url(), server.url);
    assert.equal(await evaluate(tab, "localStorage.length + sessionStorage.length + document.cookie.length"), 0);

    accepted = "Bearer another";
    await tab.getByText("The token is no longer valid.").waitFor();
    await tab.getByRole("heading", { name: "Full report" }).waitFor();
    assertNoProblems();
  });

  test("keeps a half-typed token while the verdict changes", async (t) => {
    let verdict = publicPage;
    const server = await serve(t, () => verdict);
    const { page: tab } = await openTab(t, browser, server.url);
    const field = tab.getByLabel("Operator token");
    await field.fill("half a tok");
    verdict = {
      status: 503,
      body: renderPublicPage({ status: "unhealthy", instance: "api-server-2", timestamp: ago(0) }),
    };
    await evaluate(tab, pretendHidden(false));
    await tab.getByRole("heading", { name: "Unhealthy" }).waitFor();
    assert.equal(await field.inputValue(), "half a tok");
    assert.equal(await evaluate(tab, `document.activeElement.id === "token"`), true);
  });

  test("without JavaScript the page is complete and has a link to reload", async (t) => {
    let shown = healthy;
    const server = await serve(t, () => page(shown));
    const { page: tab, assertNoProblems } = await openTab(t, browser, server.url, { javaScriptEnabled: false });
    await tab.getByText("Without JavaScript this page is not updated").waitFor();
    assert.equal(await tab.getByRole("button", { name: "Pause" }).count(), 0);
    assert.equal(await tab.locator(".plot .line").count(), 3);
    shown = unhealthy;
    await tab.getByRole("link", { name: "Reload" }).click();
    await tab.getByRole("heading", { name: "Unhealthy" }).waitFor();
    assertNoProblems();
  });

  for (const colorScheme of ["light", "dark"] as const) {
    test(`fits on a phone with enough contrast when it is ${colorScheme}`, async (t) => {
      const degraded = healthReport({
        status: "degraded",
        checks: { [`a${"-very".repeat(20)}-long-${"n".repeat(80)}ame`]: down() },
      });
      const draining = healthReport({ status: "unhealthy", phase: "draining", instance: "i".repeat(128) });
      const lost = {
        status: "not_ready",
        checks: { postgres: "down", "postgres:write": "down", redis: "unknown", schema: "down", connections: "down" },
      } as const;
      const unhealthyFleet = fleet([member(1, { instance: "i".repeat(128) }), member(2, lost), member(3)], {
        decisions: { postgres: "outlier" },
        loadSpreadRatio: 0.34,
      });
      const bodies = [
        ...[healthy, degraded, unhealthy, draining].map((shown) => pageOf(shown)),
        renderPage(unhealthy, extras({ fleet: unhealthyFleet })),
        publicPage.body,
      ];
      let body = "";
      const server = await serve(t, () => ({ status: 200, body }));
      body = bodies[0] ?? "";
      const { page: tab, assertNoProblems } = await openTab(t, browser, server.url, {
        colorScheme,
        viewport: { width: 320, height: 740 },
      });
      for (body of bodies) {
        await tab.goto(server.url);
        await evaluate(tab, `for (const one of document.querySelectorAll("details")) one.open = true`);
        assert.equal(await evaluate(tab, pageOverflow), 0);
        assert.deepEqual(await evaluate(tab, findLowContrast), []);
      }
      const background = await evaluate(tab, "getComputedStyle(document.body).backgroundColor");
      assert.equal(background, colorScheme === "dark" ? "rgb(17, 19, 21)" : "rgb(246, 246, 243)");
      assertNoProblems();
    });
  }

  test("blocks scripts that are not part of the page", async (t) => {
    const server = await serve(t, () => page(healthy));
    const { page: tab, problems } = await openTab(t, browser, server.url);
    await evaluate(
      tab,
      `document.body.append(Object.assign(document.createElement("script"), { textContent: "window.ran = true" })); undefined`,
    );
    assert.equal(await evaluate(tab, "window.ran"), undefined);
    assert.match(problems.join(), /Content Security Policy/);
  });
});

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Browser } from "playwright-core";
import { sameSecret } from "../shared/requests/people.ts";
import { evaluate, launch, openTab } from "../support/browser.ts";
import { startHaven } from "../support/haven.ts";
import { readAxe, skipWithoutPageTools } from "./support/lighthouse.ts";

type Violation = { id: string; help: string; nodes: string[] };

/** A script that returns each violation with the first elements that have it. */
const findViolations = `axe.run().then(({ violations }) => violations.map(({ id, help, nodes }) => ({
  id, help, nodes: nodes.slice(0, 3).map(({ html }) => html.slice(0, 200)),
})))`;

/** The maximum time of Chromium's main thread for the API reference. Its forms took 200 ms before they were in templates. */
const maxProcessorMs = 200;

const layoutShift = `new Promise((resolve) => {
  new PerformanceObserver((list) => {
    resolve(list.getEntries().reduce((sum, { value }) => sum + value, 0));
  }).observe({ type: "layout-shift", buffered: true });
  setTimeout(() => resolve(0), 500);
})`;

describe("the pages on a phone", skipWithoutPageTools(), () => {
  let browser: Browser;
  let url: string;
  before(async () => {
    [browser, { url }] = await Promise.all([launch(), startHaven({ env: sameSecret })]);
  });
  after(() => browser.close());

  // The API reference is large, so it is checked once. docs-page.serial.test.ts tests its contrast in both colour schemes.
  for (const [path, colorScheme] of [
    ["/api", "light"],
    ["/api", "dark"],
    ["/api/docs", "light"],
    ["/health/detailed", "light"],
    ["/health/detailed", "dark"],
  ] as const) {
    test(`axe finds no violation in ${path}, ${colorScheme}`, async (t) => {
      const { page } = await openTab(t, browser, url + path, { viewport: { width: 390, height: 844 }, colorScheme });
      await evaluate(page, readAxe());
      assert.deepEqual((await evaluate(page, findViolations)) as Violation[], []);
    });
  }

  test("the reference costs little processor time, and nothing moves after the first paint", async () => {
    const context = await browser.newContext({ viewport: { width: 390, height: 844 }, isMobile: true });
    const page = await context.newPage();
    const session = await context.newCDPSession(page);
    // Measured in processor time of the thread, which other programs do not lengthen.
    await session.send("Performance.enable", { timeDomain: "threadTicks" });
    await page.goto(`${url}/api/docs`);
    const { metrics } = await session.send("Performance.getMetrics");
    const busyMs = (metrics.find(({ name }) => name === "TaskDuration")?.value ?? Infinity) * 1000;
    const shift = await evaluate(page, layoutShift);
    await context.close();
    assert.ok(busyMs < maxProcessorMs, `${busyMs} ms`);
    assert.equal(shift, 0);
  });
});

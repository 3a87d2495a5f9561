import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Browser } from "playwright-core";
import { sameSecret } from "../shared/requests/people.ts";
import { evaluate, launch, openTab } from "../support/browser.ts";
import { startHaven } from "../support/haven.ts";
import { readAxe, skipWithoutPageTools } from "./support/lighthouse.ts";

type Violation = { id: string; help: string; nodes: string[] };

/** Each violation with the first elements that have it. */
const findViolations = `axe.run().then(({ violations }) => violations.map(({ id, help, nodes }) => ({
  id, help, nodes: nodes.slice(0, 3).map(({ html }) => html.slice(0, 200)),
})))`;

/** What the reference may cost Chromium's main thread. Its forms alone cost 200 ms, before they were in templates. */
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

  // The reference only once, because of its size; both colour schemes have the contrast tests of docs-page.serial.test.ts.
  for (const [path, colorScheme] of [
    ["/api", "light"],
    ["/api", "dark"],
    ["/api/docs", "light"],
    ["/health/detailed", "light"],
    ["/health/detailed", "dark"],
  ] as const) {
    test(`axe finds nothing in ${path}, ${colorScheme}`, async (t) => {
      const { page } = await openTab(t, browser, url + path, { viewport: { width: 390, height: 844 }, colorScheme });
      await evaluate(page, readAxe());
      assert.deepEqual((await evaluate(page, findViolations)) as Violation[], []);
    });
  }

  test("the reference costs little processor time, and nothing moves after the first paint", async () => {
    const context = await browser.newContext({ viewport: { width: 390, height: 844 }, isMobile: true });
    const page = await context.newPage();
    const session = await context.newCDPSession(page);
    // In time of the thread, which other programs do not lengthen.
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

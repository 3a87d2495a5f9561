import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Browser } from "playwright-core";
import { sameSecret } from "../shared/requests/people.ts";
import { evaluate, launch, openTab } from "../support/browser.ts";
import { startHaven } from "../support/haven.ts";
import { readAxe, withoutPageTools } from "./support/lighthouse.ts";

type Violation = { id: string; help: string; nodes: string[] };

/** Each violation with the first elements that have it. */
const findViolations = `axe.run().then(({ violations }) => violations.map(({ id, help, nodes }) => ({
  id, help, nodes: nodes.slice(0, 3).map(({ html }) => html.slice(0, 200)),
})))`;

describe("axe finds nothing", withoutPageTools(), () => {
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
    test(`${path} on a phone, ${colorScheme}`, async (t) => {
      const { page } = await openTab(t, browser, url + path, { viewport: { width: 390, height: 844 }, colorScheme });
      await evaluate(page, readAxe());
      assert.deepEqual((await evaluate(page, findViolations)) as Violation[], []);
    });
  }
});

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  applyObservation,
  type CheckState,
  expireStale,
  goDownIfDue,
  initialState,
  readiness,
} from "../../../src/kit/health/judge.ts";

const good = { ok: true, latencyMs: 1 } as const;
const bad = { ok: false, latencyMs: 1, reason: "refused" } as const;

/** Applies a sequence of results, one second apart: "+" is a success, "-" a failure. */
function judge(results: string, from: CheckState = initialState(0)): CheckState {
  return [...results].reduce(
    (state, mark, index) => applyObservation(state, mark === "+" ? good : bad, (index + 1) * 1000),
    from,
  );
}

const table: readonly (readonly [string, string])[] = [
  ["", "unknown"],
  ["+", "up"],
  ["-", "unknown"],
  ["--", "down"],
  ["--+", "up"],
  ["+-", "up"],
  ["+-+", "up"],
  ["+--", "down"],
  ["+--+", "down"],
  ["+--++", "up"],
  ["+--+-+-+-", "down"],
  ["+-+-+-+-+-", "up"],
];

for (const [results, status] of table) {
  const title = results === "" ? "before its first result" : `after the results ${results}`;
  test(`${title} a check is ${status}`, () => assert.equal(judge(results).status, status));
}

/** The results of the other capability, one second apart: "." is a second without a result. */
const waiting: readonly (readonly [string, string, string])[] = [
  ["has no result since then", "+", "up"],
  ["has one failure", "+.-", "up"],
  ["has succeeded since then", "+.+", "down"],
  ["has two failures too", "+--", "down"],
  ["is down", "--", "down"],
  ["has no result yet", "", "down"],
];

for (const [state, results, status] of waiting) {
  test(`a capability that failed twice is ${status} while the other capability of its check ${state}`, () => {
    const other = [...results].reduce(
      (state, mark, index) =>
        mark === "." ? state : applyObservation(state, mark === "+" ? good : bad, (index + 1) * 1000),
      initialState(0),
    );
    const failedTwice = [2000, 4000].reduce((state, now) => applyObservation(state, bad, now, [other]), judge("+"));
    assert.equal(failedTwice.consecutiveFailures, 2);
    assert.equal(failedTwice.status, status);
    const proven = applyObservation(other, good, 5000);
    assert.equal(goDownIfDue(failedTwice, 5000, [proven]).status, "down");
  });
}

test("since is the time of the last change of status, and a recovery clears the reason", () => {
  const down = judge("+--");
  assert.deepEqual([down.since, down.reason, down.consecutiveFailures], [3000, "refused", 2]);
  const up = judge("+--++");
  assert.deepEqual([up.since, up.reason], [5000, null]);
});

test("a check whose latest result is too old is unknown since the moment at which the result became stale", () => {
  const state = judge("+");
  assert.equal(expireStale(state, 4000, 3000).status, "up");
  assert.deepEqual([expireStale(state, 4001, 3000).status, expireStale(state, 4001, 3000).since], ["unknown", 4000]);
});

const check = (status: "up" | "down" | "unknown", critical: boolean) => ({ status, critical });

test("readiness depends on the phase first, then on critical checks only", () => {
  assert.equal(readiness("ready", [check("up", true), check("up", false)]), "ready");
  assert.equal(readiness("ready", [check("up", true), check("down", false)]), "degraded");
  assert.equal(readiness("ready", [check("up", true), check("unknown", false)]), "ready");
  assert.equal(readiness("ready", [check("down", true), check("up", false)]), "not_ready");
  assert.equal(readiness("ready", [check("unknown", true)]), "not_ready");
  assert.equal(readiness("starting", [check("up", true)]), "starting");
  assert.equal(readiness("draining", [check("up", true)]), "draining");
  assert.equal(readiness("stopped", []), "draining");
});

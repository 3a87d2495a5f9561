import assert from "node:assert/strict";
import { test } from "node:test";
import { secondsToDrain } from "../../../src/kit/overload/throughput.ts";
import { judgeWait, noWaits, type WaitState } from "../../../src/kit/overload/wait-judge.ts";

const limits = { targetMs: 50, intervalMs: 250 };

/** Judges waits that are observed at these times: `s` for served, `r` for rejected. */
function decisions(...waits: readonly (readonly [now: number, waitedMs: number])[]): string {
  let state: WaitState = noWaits;
  const seen = waits.map(([now, waitedMs]) => {
    const { rejects, ...next } = judgeWait(state, { now, waitedMs }, limits);
    state = next;
    return rejects ? "r" : "s";
  });
  return seen.join("");
}

type Case = readonly [expected: string, ...waits: (readonly [now: number, waitedMs: number])[]];
const cases: Readonly<Record<string, Case>> = {
  "short waits are served": ["sss", [0, 0], [100, 50], [1000, 50]],
  "a burst is served": ["sss", [0, 60], [100, 120], [240, 249]],
  "a queue that stays is shortened to the target": ["ssrrs", [0, 60], [249, 200], [250, 200], [251, 51], [252, 50]],
  "one short wait in the interval shows that the queue empties": [
    "ssssr",
    [0, 60],
    [240, 10],
    [260, 60],
    [500, 200],
    [511, 200],
  ],
  "during an overload no second burst is served": [
    "srsrrs",
    [0, 60],
    [250, 200],
    [260, 40],
    [400, 60],
    [620, 51],
    [860, 40],
  ],
  "an interval without a rejection ends the overload": [
    "srssss",
    [0, 60],
    [250, 200],
    [499, 10],
    [501, 10],
    [510, 100],
    [700, 200],
  ],
};
for (const [name, [expected, ...waits]] of Object.entries(cases)) {
  test(name, () => assert.equal(decisions(...waits), expected));
}

test("Retry-After is the time in which the waiting and the rejected requests could be served", () => {
  const second = { started: 100, rejected: 0, waiting: 0, ms: 1000 };
  assert.equal(secondsToDrain(second), 1);
  assert.equal(secondsToDrain({ ...second, rejected: 100, waiting: 50 }), 2);
  assert.equal(secondsToDrain({ ...second, rejected: 400 }), 4);
  assert.equal(secondsToDrain({ ...second, rejected: 400, ms: 2000 }), 8);
  assert.equal(secondsToDrain({ ...second, rejected: 100_000 }), 10, "at most ten seconds");
  assert.equal(secondsToDrain({ ...second, started: 0, rejected: 1 }), 1);
});

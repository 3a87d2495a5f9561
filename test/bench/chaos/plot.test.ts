import assert from "node:assert/strict";
import { test } from "node:test";
import { faults } from "../../../bench/chaos/faults/all.ts";
import type { AttemptResult, Kind } from "../../../bench/chaos/load/records.ts";
import { factsOf, type Observed } from "../../../bench/chaos/measure.ts";
import { plotOf } from "../../../bench/chaos/report/plot.ts";
import { timelineOf } from "../../../bench/chaos/report/timeline.ts";

const moments = { from: 1000, injected: 4000, inEffect: 4100, ended: 8000, healthy: 9000, to: 11_000 };
const request = (startedAt: number, ms: number, result: AttemptResult = "ok", attempts = 1, kind: Kind = "write") => ({
  ...{ kind, startedAt, ms, result, attempts },
});
const observed: Observed = {
  moments,
  attempts: [],
  requests: [
    request(1000, 5),
    request(1200, 700),
    request(1249, 20, "ok", 2),
    request(1250, 9000, "502", 30),
    request(4300, 30),
    request(4301, 10),
  ],
  observations: [
    { by: "probe", instance: "one", at: 10, state: "starting" },
    { by: "probe", instance: "one", at: 500, state: "ready" },
    { by: "probe", instance: "one", at: 5000, state: "gone" },
    { by: "probe", instance: "one", at: 20_000, state: "ready" },
  ],
  signIns: 0,
  stalledMs: 0,
  balance: { acknowledged: 0, unanswered: 0, lost: [], duplicated: [] },
};

test("requests are grouped by the quarter second in which they start, and by their result", () => {
  const { fromMs, toMs, buckets, waits } = timelineOf(observed);
  assert.deepEqual([fromMs, toMs, buckets.write.length], [-3000, 7000, 40]);
  assert.deepEqual(buckets.write.slice(0, 3), [
    { answered: 1, late: 2, failed: 0 },
    { answered: 0, late: 0, failed: 1 },
    { answered: 0, late: 0, failed: 0 },
  ]);
  assert.deepEqual(
    [waits[0], waits[2], waits[13]],
    [{ median: 20, slowest: 700 }, undefined, { median: 30, slowest: 30 }],
  );
});

test("the states of an instance are spans from the start to the end of the plot", () => {
  assert.deepEqual(timelineOf(observed).states, [
    {
      ...{ by: "probe", instance: "one" },
      spans: [
        { fromMs: -3000, toMs: 1000, state: "ready" },
        { fromMs: 1000, toMs: 7000, state: "gone" },
      ],
    },
  ]);
});

test("the plot is small, well formed, has a title, and loads no other file", () => {
  for (const fault of faults) {
    const svg = plotOf({ fault, observed, facts: factsOf(observed) }, "NGINX");
    for (const words of [fault.title, "behind NGINX", "fault begins", "fault ends", "detected after 1.00 s", ">gone<"])
      assert.ok(svg.includes(words), words);
    assert.match(svg, /all healthy again 1.00 s after the end/);
    assert.ok(svg.length < 12_000);
    assert.doesNotMatch(svg, /NaN|undefined|Infinity|href|url\(/);
    const opened = [...svg.matchAll(/<(svg|text|title|style)\b/g)].map(([, name]) => name);
    const closed = [...svg.matchAll(/<\/(\w+)>/g)].map(([, name]) => name);
    assert.deepEqual(opened.sort(), closed.sort());
  }
});

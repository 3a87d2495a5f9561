import assert from "node:assert/strict";
import { test } from "node:test";
import { cases } from "./act-out/cases/all.ts";
import { readPage } from "./act-out/page.ts";
import { readingSeconds, wordsOf } from "./act-out/reading.ts";
import { measuredTimes, notMeasured } from "./act-out/table.ts";
import { alerts, runbook } from "./monitoring-files.ts";

const maxSeconds = 120;

test("each alert is acted out once, and the sections have the findings that explain the fault", () => {
  const named = cases.map(({ alert }) => alert);
  assert.deepEqual([...named].sort(), alerts.map(({ alert }) => alert).sort());
  const page = readPage();
  for (const { alert, steps } of cases) {
    assert.equal(steps[0]?.section, alert);
    for (const { section, finding } of steps) assert.ok(page.section(section).textUntil(finding).length > 0);
  }
});

test("the runbook has the measured time from each alert to its cause, below two minutes, or names it as not acted out", () => {
  const times = measuredTimes(runbook);
  const named = [...times.keys(), ...notMeasured(runbook)];
  assert.deepEqual(named.sort(), alerts.map(({ alert }) => alert).sort());
  for (const [alert, seconds] of times) assert.ok(seconds < maxSeconds, `${alert}: ${seconds} s`);
});

test("the reading time counts words and names, and no punctuation of JSON", () => {
  assert.equal(wordsOf('{"status":"down", "p95": 0.3} api-server-2 | /api/v1/units'), 6);
  assert.equal(readingSeconds("word ".repeat(200)), 60);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { cases } from "./alert-drill/cases/all.ts";
import { readPage } from "./alert-drill/page.ts";
import { readingSeconds, wordsOf } from "./alert-drill/reading.ts";
import { measuredTimes, withoutDrill } from "./alert-drill/table.ts";
import { alerts, runbook } from "./monitoring-files.ts";

const maxSeconds = 120;

test("each alert has one drill, and its runbook sections contain the findings that explain the injected fault", () => {
  const named = cases.map(({ alert }) => alert);
  assert.deepEqual([...named].sort(), alerts.map(({ alert }) => alert).sort());
  const page = readPage();
  for (const { alert, steps } of cases) {
    assert.equal(steps[0]?.section, alert);
    for (const { section, finding } of steps) assert.ok(page.section(section).textUntil(finding).length > 0);
  }
});

test("for each alert the runbook states a search time below two minutes, or lists the alert as without a drill", () => {
  const times = measuredTimes(runbook);
  const named = [...times.keys(), ...withoutDrill(runbook)];
  assert.deepEqual(named.sort(), alerts.map(({ alert }) => alert).sort());
  for (const [alert, seconds] of times) assert.ok(seconds < maxSeconds, `${alert}: ${seconds} s`);
});

test("the reading time counts words and names, but not the punctuation of JSON", () => {
  assert.equal(wordsOf('{"status":"down", "p95": 0.3} api-server-2 | /api/v1/units'), 6);
  assert.equal(readingSeconds("word ".repeat(200)), 60);
});

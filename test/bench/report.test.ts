import assert from "node:assert/strict";
import { test } from "node:test";
import { drawChart } from "../../bench/report/chart.ts";
import { atLeast, atMost, type Claim } from "../../bench/report/outcome.ts";
import { reportOf } from "../../bench/report/report.ts";
import { ratios, spreadOf } from "../../bench/report/statistics.ts";

const runInfo = { machine: "one", commit: "abc", minutes: 12.3, pinned: true, day: "2030-01-02" };

const reportWith = (...claims: Claim[]) =>
  reportOf(
    [
      {
        scenario: { name: "x", title: "X beside Y", why: "Because.", run: () => Promise.reject() },
        outcome: {
          claims,
          charts: [{ name: "x", title: "X", unit: "ms", bars: [] }],
          notes: ["A note."],
        },
      },
    ],
    runInfo,
  );

const claim = (median: number, bound: Claim["bound"]): Claim => ({
  what: "a thing",
  bound,
  measured: { median, min: median - 0.1, max: median + 0.1 },
  unit: "times",
});

test("a bound is compared with the median", () => {
  assert.match(reportWith(claim(1.1, atMost(1.1))), /\| at most 1\.10 \| \*\*1\.10\*\* \| 1\.00 to 1\.20 \| holds \|/);
  assert.match(reportWith(claim(0.9, atLeast(0.9))), /\| holds \|[\s\S]*Every bound holds\./);
});

test("a bound that is not met is listed with the difference", () => {
  const report = reportWith(claim(0.7, atLeast(0.85)), claim(0.9, atLeast(0.9)));
  assert.match(report, /\| \*\*falls short\*\* \|/);
  assert.match(report, /Bounds that are not met:\n\n- a thing: 0\.70, 0\.15 short of 0\.85\.\n\n/);
});

test("a small miss is shown with more digits", () => {
  const report = reportWith(claim(0.8968, atLeast(0.9)));
  assert.match(report, /\*\*0\.897\*\*/);
  assert.match(report, /- a thing: 0\.897, 0\.003 short of 0\.900\./);
});

test("the report names machine, commit and day, and shows each plot beside its reason", () => {
  const report = reportWith(claim(1, atLeast(1)));
  assert.match(report, /commit abc, 2030-01-02, 12 minutes/);
  assert.match(report, /## X beside Y\n\n!\[X\]\(images\/performance\/x\.svg\)\n\nBecause\.\n\nA note\.\n/);
});

test("the first lines name each figure that differs from the last report, with the reason, and new measurements", () => {
  const scenario = { name: "x", title: "X", why: "Because.", changed: "A cache.", run: () => Promise.reject() };
  const claimNamed = (what: string, median: number) => ({ ...claim(median, atLeast(1)), what });
  const report = (claims: readonly Claim[], last?: string) =>
    reportOf([{ scenario, outcome: { claims, charts: [], notes: [] } }], runInfo, last);
  const last = report([claimNamed("a read", 0.5), claimNamed("a probe", 0.95)]);
  assert.doesNotMatch(last, /What changed/);
  const next = report([claimNamed("a read", 1.5), claimNamed("a probe", 0.98), claimNamed("a write", 2)], last);
  assert.match(
    next,
    /^# Performance\n\nWhat changed since the run of 2030-01-02 \(commit abc\), and why:\n\n- a read: 1\.50, before 0\.50\. A cache\.\n- New: a write\.\n/,
  );
  assert.match(
    report([claimNamed("a read", 0.5), claimNamed("a probe", 1)], last),
    /- No figure changed by more than a tenth\.\n/,
  );
});

test("a plot has a bar and the range for each contender, and escapes names", () => {
  const svg = drawChart({
    name: "x",
    title: "A & B",
    unit: "ratio",
    bars: [
      { label: "Haven", spread: { median: 0.9, min: 0.8, max: 1 }, ours: true },
      { label: "<other>", spread: { median: 0.5, min: 0.4, max: 0.6 }, ours: false },
    ],
  });
  assert.equal(svg.match(/<rect [^>]*class="(?:ours|other)"/g)?.length, 2);
  assert.match(svg, /aria-label="A &amp; B"/);
  assert.match(svg, /&lt;other&gt;: 0\.50 \(0\.40 to 0\.60\)/);
  assert.doesNotMatch(svg, /<other>|NaN/);
});

test("ratios are computed within a round, and the median is reported", () => {
  assert.deepEqual(ratios([50, 40, 30], [100, 80, 30]), [0.5, 0.5, 1]);
  assert.deepEqual(spreadOf([3, 1, 2]), { median: 2, min: 1, max: 3 });
  assert.deepEqual(spreadOf([4, 1, 2, 3]), { median: 2.5, min: 1, max: 4 });
});

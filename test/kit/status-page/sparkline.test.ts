import assert from "node:assert/strict";
import { test } from "node:test";
import type { Sample } from "../../../src/kit/health/samples.ts";
import { renderSparkline } from "../../../src/kit/status-page/sparkline.ts";
import { now, samples } from "./support/health-reports.ts";

const pathOf = (kind: string, list: readonly Sample[]): string =>
  new RegExp(`class="${kind}" d="([^"]*)"`).exec(renderSparkline("postgres", list, now).html)?.[1] ?? "";

const steady = (over: (sample: Sample) => Partial<Sample> = () => ({})): Sample[] =>
  samples().map((sample) => ({ ...sample, latencyMs: 2, ...over(sample) }));

test("three hundred samples become at most 120 points", () => {
  const points = pathOf("line", steady()).match(/-?\d+ -?\d+/g) ?? [];
  assert.ok(points.length > 100 && points.length <= 122, `${points.length}`);
});

test("a single failure or a single peak among three hundred samples is visible", () => {
  const oneFailure = steady(({ at }) => (Math.abs(now - at - 300_000) < 1000 ? { ok: false } : {}));
  assert.equal(oneFailure.filter(({ ok }) => !ok).length, 1);
  assert.match(pathOf("fails", oneFailure), /^M\d+ 0H\d+V100H\d+z$/);
  const peak = steady(({ at }) => (Math.abs(now - at - 300_000) < 1000 ? { latencyMs: 500 } : {}));
  assert.match(pathOf("line", peak), / \d+ -90 /);
});

test("an outage is one block with the length of the outage, and the line is interrupted", () => {
  const outage = steady(({ at }) => (now - at > 120_000 && now - at < 240_000 ? { ok: false, latencyMs: 2000 } : {}));
  assert.match(pathOf("fails", outage), /^M7[23]0 0H9[56]0V100H7[23]0z$/);
  assert.equal(pathOf("line", outage).match(/M/g)?.length, 2);
});

test("the long duration of a failed check does not flatten the curve", () => {
  const outage = steady(({ at }) => (now - at < 60_000 ? { ok: false, latencyMs: 2000 } : {}));
  assert.match(renderSparkline("postgres", outage, now).html, /<span>2\.0.ms<\/span><span>0<\/span>/);
});

test("time without samples is a gap, in the middle, at the end and before the process began", () => {
  const halves = steady().filter(({ at }) => Math.abs(now - at - 300_000) > 60_000);
  assert.equal(pathOf("gap", halves).match(/M/g)?.length, 1);
  assert.equal(pathOf("line", halves).match(/M/g)?.length, 2);
  assert.match(
    pathOf(
      "gap",
      steady().filter(({ at }) => now - at > 60_000),
    ),
    /H1200$/,
  );
  assert.match(
    pathOf(
      "gap",
      steady().filter(({ at }) => now - at < 60_000),
    ),
    /^M0 97/,
  );
});

test("a check with a long interval has no gaps between its samples", () => {
  const rare = steady().filter((_, index) => index % 20 === 0);
  assert.equal(pathOf("gap", rare), "");
});

test("only failures, a single sample, and samples outside the time range are drawn without an error", () => {
  assert.equal(
    pathOf(
      "line",
      steady(() => ({ ok: false })),
    ),
    "",
  );
  assert.match(pathOf("line", steady().slice(-1)), /^M\d+ \d+l0 0$/);
  assert.match(
    renderSparkline(
      "postgres",
      steady(({ at }) => ({ at: at - 900_000 })),
      now,
    ).html,
    /No samples in the last ten minutes/,
  );
});

test("the plot has a text alternative for screen readers", () => {
  const title = /<title>(.*?)<\/title>/
    .exec(renderSparkline("postgres", steady(), now).html)?.[1]
    ?.replaceAll("\u00a0", " ");
  assert.equal(title, "Latency of postgres, 300 samples over 9 min: 2.0 ms to 2.0 ms; none failed");
});

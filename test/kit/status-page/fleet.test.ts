import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { FleetMember, FleetReport } from "../../../src/kit/health/health-report.ts";
import { renderPage } from "../../../src/kit/status-page/page.ts";
import { ago, extras, fleet, healthReport, member } from "./support/health-reports.ts";
import { textOf } from "./support/reading.ts";

const section = (shown: FleetReport) =>
  /<section aria-labelledby="fleet">.*?<\/section>/s.exec(renderPage(healthReport(), extras({ fleet: shown })))?.[0] ??
  "";
const words = (instances: readonly FleetMember[], over: Partial<FleetReport> = {}) =>
  textOf(section(fleet(instances, over)));

const lost = { status: "not_ready", checks: { postgres: "down", redis: "up", schema: "up" } } as const;
const all = [member(1), member(2), member(3)];

describe("the fleet on the status page", () => {
  test("is not shown without a fleet report", () => {
    assert.doesNotMatch(renderPage(healthReport(), extras()), /id="fleet"/);
  });

  test("reports that all instances are ready, or the number of instances in each state", () => {
    assert.match(words(all), /^Fleet All 3 instances are ready\./);
    const draining = { phase: "draining", status: "draining" } as const;
    assert.match(words([member(1, draining), member(2), member(3)]), /Of 3 instances: 1 draining and 2 ready\./);
    assert.match(words([member(2)]), /This is the only instance\./);
  });

  test("reports an outage of this instance only", () => {
    assert.match(
      words([member(1), member(2, lost), member(3)], { decisions: { postgres: "outlier" } }),
      /postgres is down here and on none of 2 others: only this instance is affected\. So this instance is out of rotation\./,
    );
  });

  test("reports an outage of most instances", () => {
    const shared = { ...lost, status: "degraded" } as const;
    assert.match(
      words([member(1, shared), member(2, shared), member(3, shared)], { decisions: { postgres: "shared_outage" } }),
      /postgres is down here and on 2 of 2 others: most instances are affected\. So this instance stays in rotation\./,
    );
  });

  test("reports an outage of another instance, and of at most half of the instances", () => {
    assert.match(
      words([member(1, lost), member(2), member(3)]),
      /postgres is down on api-server-1 only, and not here\./,
    );
    assert.match(
      words([member(1, lost), member(2, lost), member(3), member(4), member(5)]),
      /is down here and on 1 of 4 others: at most half of the others are affected\./,
    );
  });

  test("checks that are down on the same instances are named in one sentence", () => {
    const checks = { postgres: "down", schema: "down", redis: "up" } as const;
    const both = { status: "not_ready", checks } as const;
    const text = words([member(1), member(2, both), member(3, { checks: { redis: "down" } })]);
    assert.match(text, /postgres and schema are down here and on none of 2 others: only this instance is affected\./);
    assert.match(text, /redis is down on api-server-3 only, and not here\./);
    assert.match(
      words([member(1), member(2, both), member(3)], { decisions: { postgres: "outlier" } }),
      /postgres is down here .*So this instance is out of rotation\. schema is down here/,
    );
  });

  test("on a phone, the columns of failing checks have precedence", () => {
    const checks = { postgres: "up", redis: "up", schema: "up" } as const;
    const page = section(
      fleet([member(1, { checks: { ...checks, "postgres:write": "down" } }), member(2, { checks })]),
    );
    const columnClass = (name: string) => new RegExp(`<th scope="col" class="(\\w*)">${name}</th>`).exec(page)?.[1];
    assert.deepEqual(["postgres", "redis", "schema", "postgres:write"].map(columnClass), ["", "wide", "wide", ""]);
  });

  test("a failing check of a starting instance does not count as an outage", () => {
    const starting = { phase: "starting", status: "starting", checks: { postgres: "down" } } as const;
    assert.match(words([member(1, starting), member(2), member(3)]), /Of 3 instances: 1 starting and 2 ready\./);
  });

  test("reports since when no store answers", () => {
    assert.match(
      words([member(2)], { silentSince: ago(30), store: null }),
      /Neither Redis nor Postgres has answered since 03:13:37 UTC: the other instances are unknown\./,
    );
  });

  test("shows each instance with its checks, and a column for each check that fails somewhere", () => {
    const full = { checks: { ...member(1).checks, disk: "down" } } as const;
    const text = words([member(1, full), member(2), member(3)]);
    assert.match(text, /Instance State postgres redis schema disk Requests/);
    assert.match(text, /api-server-2 here ready/);
    assert.doesNotMatch(words(all), /event-loop/);
  });

  test("warns when the load is uneven", () => {
    assert.doesNotMatch(words(all), /uneven/);
    assert.match(
      words(all, { loadSpreadRatio: 0.31 }),
      /uneven The request rate of a ready instance differs from the average by up to 31 %/,
    );
  });

  test("shows hostile instance names as text", () => {
    const instance = `<img src=x onerror=alert(1)>"'&`;
    const checks = Object.fromEntries([
      [instance, "down"],
      ["__proto__", "down"],
      ["constructor", "down"],
    ] as const);
    const hostile = section(fleet([member(1, { instance, version: instance, startedAt: "never", checks }), member(2)]));
    assert.ok(!hostile.includes("<img"));
    assert.ok(hostile.includes("&lt;img"));
  });
});

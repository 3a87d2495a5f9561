import assert from "node:assert/strict";
import { test } from "node:test";
import { fleetReport, loadSpread } from "../../src/kit/fleet/fleet-report.ts";
import type { Heartbeat } from "../../src/kit/fleet/heartbeat.ts";

const instance = (requestsPerSecond: number, over: Partial<Heartbeat> = {}): Heartbeat => ({
  instance: "api",
  version: "0.1.0",
  phase: "ready",
  status: "ready",
  upMs: 60_000,
  beat: 1,
  requestsPerSecond,
  errorsPerSecond: 0,
  inFlight: 0,
  checks: new Map(),
  ...over,
});

const table: readonly (readonly [string, readonly Heartbeat[], number | null])[] = [
  ["all instances have the same load", [instance(10), instance(10), instance(10)], 0],
  ["one instance has a fifth more requests than the average", [instance(12), instance(9), instance(9)], 0.2],
  ["one instance has no requests", [instance(15), instance(15), instance(0)], 1],
  ["there are no requests", [instance(0), instance(0)], null],
  ["there are too few requests", [instance(1), instance(0)], null],
  ["there is one instance", [instance(10)], null],
  ["the idle instance is not ready", [instance(10), instance(10), instance(0, { status: "not_ready" })], 0],
  ["the idle instance is draining", [instance(10), instance(10), instance(0, { status: "draining" })], 0],
  ["the idle instance has just started", [instance(10), instance(10), instance(0, { upMs: 9000 })], 0],
  ["one instance is degraded but in rotation", [instance(10), instance(30, { status: "degraded" })], 0.5],
];

for (const [situation, fleet, expected] of table) {
  test(`the load spread is ${expected} if ${situation}`, () => {
    const spread = loadSpread(fleet);
    assert.equal(spread === null ? null : Math.round(spread * 1000) / 1000, expected);
  });
}

test("shares refer to all requests, and start times to the clock of the reporting instance", () => {
  const [self, other] = [instance(30, { instance: "a" }), instance(10, { instance: "b", upMs: 5000 })];
  const { instances } = fleetReport(self, [{ heartbeat: other, ageMs: 1000 }], Date.parse("2026-01-01T00:00:10Z"));
  assert.deepEqual(
    instances.map((one) => [one.instance, one.shareOfRequests, one.startedAt]),
    [
      ["a", 0.75, "2025-12-31T23:59:10.000Z"],
      ["b", 0.25, "2026-01-01T00:00:04.000Z"],
    ],
  );
});

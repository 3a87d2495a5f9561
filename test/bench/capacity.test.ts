import assert from "node:assert/strict";
import { test } from "node:test";
import type { CapacityFigures, Growth } from "../../bench/capacity/figures.ts";
import { capacityPage } from "../../bench/capacity/page.ts";

const runInfo = { machine: "one", commit: "abc", minutes: 9.6, pinned: true, day: "2030-01-02" };

const grown = (what: string, bytesOf: string): Growth => ({
  what,
  bytesOf,
  steps: [
    { count: 1, perSecond: 5000, p99Ms: 4, bytes: 100_000_000 },
    { count: 10_001, perSecond: 4900, p99Ms: 5.25, bytes: 150_000_000 },
  ],
});

const rate = (request: string, postgresUs: number) => ({
  request,
  perSecond: 5000,
  p99Ms: 4.25,
  serverUs: 180,
  postgresUs,
  redisUs: 0.5,
});

const figures: CapacityFigures = {
  rates: [rate("a probe", 0), rate("a public GET", 0), rate("a read", 60), rate("a write", 300)],
  idleBytes: 105_000_000,
  bytesPerStream: 15_250,
  connections: grown("open idle connections", "memory of the instance"),
  rows: grown("rows of one owner", "table with its indexes"),
  sessions: grown("active sessions", "memory of Redis"),
  fleet: [{ what: "three instances behind NGINX", perSecond: 7500 }],
};

test("the generated capacity page lists the costs of each kind of request, their growth with connections, rows and sessions, and the resulting fleet sizes", () => {
  const page = capacityPage(figures, runInfo).replaceAll(/\s+/g, " ");
  assert.match(page, /commit abc, 2030-01-02, 10 minutes/);
  assert.match(page, /\| a read \| 5,000 \| 4\.3 ms \| 180 µs \| 60 µs \| 0\.5 µs \|/);
  assert.match(page, /\| 10,001 \| 4,900 \| 5\.3 ms \| 150 MB \|/);
  assert.match(page, /An open idle connection: 5\.0 kB/);
  assert.match(page, /An open event stream: 15\.3 kB/);
  assert.match(page, /For a read that is 3,000 requests a second/);
  assert.match(page, /a write costs Postgres most \(300 µs\)/);
  assert.match(page, /\| three instances behind NGINX \| 7,500 \|/);
  assert.match(capacityPage({ ...figures, fleet: [] }, runInfo), /Not measured/);
  assert.doesNotMatch(page, /undefined|NaN/);
});

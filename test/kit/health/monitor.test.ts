import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { steadyClock } from "../../../src/core/timing/clock.ts";
import type { Check } from "../../../src/kit/health/check.ts";
import { createHistory } from "../../../src/kit/health/history.ts";
import { createMonitor } from "../../../src/kit/health/monitor.ts";
import { atEnd } from "../../shared/at-end.ts";
import { eventually } from "../../shared/eventually.ts";
import { startStopwatch } from "../../shared/stopwatch.ts";

function watch(checks: readonly Check[], limits: { intervalMs?: number; timeoutMs?: number } = {}) {
  const history = createHistory();
  const monitor = createMonitor({ checks, intervalMs: 60, timeoutMs: 80, clock: steadyClock, history, ...limits });
  atEnd(monitor.stop);
  monitor.start();
  monitor.setPhase("ready");
  const status = (name: string) => monitor.snapshot().checks.find((check) => check.name === name)?.status;
  return { monitor, history, status };
}

const fine: Check = { name: "fine", critical: true, run: async () => undefined };

test("a check that rejects, throws, hangs or is late does not affect other checks", async () => {
  let aborted = 0;
  const { status } = watch([
    fine,
    { name: "throws", critical: false, run: async () => Promise.reject(new Error("x")) },
    {
      name: "throws-at-once",
      critical: false,
      run: () => {
        throw new Error("x");
      },
    },
    {
      name: "hangs",
      critical: false,
      run: (signal) =>
        new Promise(() => {
          signal.addEventListener("abort", () => {
            aborted += 1;
          });
        }),
    },
    { name: "late", critical: false, run: () => sleep(120) },
    { name: "throws-nothing", critical: false, run: () => Promise.reject(undefined) },
  ]);
  for (const name of ["throws", "throws-at-once", "hangs", "late", "throws-nothing"])
    await eventually(
      () => status(name),
      (seen) => seen === "down",
    );
  assert.equal(status("fine"), "up");
  assert.ok(aborted >= 2, "the signal ended the work");
});

test("a failure is confirmed at once, and a failure whose confirmation succeeds changes nothing", async () => {
  const at: number[] = [];
  let fail = false;
  const { status, history } = watch(
    [
      {
        name: "blinks",
        critical: true,
        async run() {
          at.push(performance.now());
          if (fail) {
            fail = false;
            throw new Error("once");
          }
        },
      },
    ],
    { intervalMs: 200 },
  );
  await eventually(
    () => status("blinks"),
    (seen) => seen === "up",
  );
  fail = true;
  await eventually(
    () => at.length,
    (count) => count >= 4,
  );
  const gaps = at.slice(1).map((time, index) => time - (at[index] ?? 0));
  assert.ok(
    gaps.some((gap) => gap < 20),
    `no confirmation at once: ${gaps}`,
  );
  assert.deepEqual(
    history.all().filter(({ kind, to }) => kind === "check" && to === "down"),
    [],
  );
});

test("a dependency that fails every other check causes at most two changes of state", async () => {
  let runs = 0;
  const { history } = watch([
    {
      name: "flaps",
      critical: true,
      async run() {
        runs += 1;
        if (runs % 2 === 0) throw new Error("every other time");
      },
    },
  ]);
  await eventually(
    () => runs,
    (count) => count > 30,
  );
  const changes = history.all().filter(({ kind, from }) => kind === "check" && from !== "unknown");
  assert.ok(changes.length <= 2, JSON.stringify(changes));
});

test("a dependency that alternates each interval between down and up is not reported as up in between", async () => {
  const intervalMs = 500;
  const startedAt = performance.now();
  const isDown = () => Math.floor((performance.now() - startedAt) / intervalMs) % 2 === 0;
  const alternating: Check = {
    name: "alternating",
    critical: true,
    async run() {
      if (isDown()) throw new Error("down");
    },
  };
  const { history } = watch([alternating], { intervalMs, timeoutMs: 1000 });
  await sleep(12 * intervalMs);
  const changes = history.all().filter(({ kind, from }) => kind === "check" && from !== "unknown");
  assert.ok(changes.length <= 2, JSON.stringify(changes));
});

test("a dependency that recovers is up within two intervals, after two successes an interval apart", async () => {
  const intervalMs = 200;
  let isAway = false;
  const successes: number[] = [];
  const back: Check = {
    name: "back",
    critical: true,
    async run() {
      if (isAway) throw new Error("away");
      successes.push(performance.now());
    },
  };
  const watched = watch([back], { intervalMs, timeoutMs: 1000 });
  const status = () => watched.status("back");
  await eventually(status, (current) => current === "up");
  isAway = true;
  await eventually(status, (current) => current === "down");
  successes.length = 0;
  const elapsedMs = startStopwatch();
  isAway = false;
  await eventually(status, (current) => current === "up", 5000, 2);
  const recoveryMs = elapsedMs();
  assert.ok(recoveryMs <= 2 * intervalMs, `${recoveryMs} ms`);
  const [first = 0, second = 0] = successes;
  assert.ok(second - first >= intervalMs - 1, `${second - first} ms`);
});

test("checks are unknown in a stale snapshot", async () => {
  const { promise: never } = Promise.withResolvers<void>();
  let now = 1_000_000;
  let hang = false;
  const history = createHistory();
  const check: Check = { name: "stuck", critical: true, run: () => (hang ? never : Promise.resolve()) };
  const monitor = createMonitor({
    checks: [check],
    intervalMs: 30,
    timeoutMs: 60_000,
    clock: { now: () => now },
    history,
  });
  atEnd(monitor.stop);
  monitor.start();
  monitor.setPhase("ready");
  await eventually(
    () => monitor.snapshot().status,
    (status) => status === "ready",
  );
  hang = true;
  await sleep(80);
  assert.equal(monitor.snapshot().ready, true);
  now += 30 + 2 * 60_000 + 501;
  assert.equal(monitor.snapshot().checks[0]?.status, "unknown");
  assert.equal(monitor.snapshot().ready, false);
});

test("a listener that throws does not stop the others, and each change is reported once", async () => {
  const { history, status } = watch([fine]);
  const reported: string[] = [];
  history.onChange(() => {
    throw new Error("listener");
  });
  history.onChange(({ name, to }) => reported.push(`${name} ${to}`));
  await eventually(
    () => status("fine"),
    (seen) => seen === "up",
  );
  await sleep(200);
  assert.equal(reported.filter((entry) => entry === "fine up").length, 1);
});

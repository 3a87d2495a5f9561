import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import { startTimeout, withTimeout } from "../../src/core/timing/stall-tolerant-timeout.ts";
import { eventually } from "../shared/eventually.ts";
import { block } from "../support/block.ts";

const limitMs = 200;

/** Starts a time-out. `firedAfterMs` returns undefined until it has fired. */
function start(limit = limitMs) {
  const startedAt = performance.now();
  let firedAfterMs: number | undefined;
  const timeout = startTimeout(limit, () => {
    firedAfterMs = performance.now() - startedAt;
  });
  return { timeout, firedAfterMs: () => firedAfterMs };
}

test("without a stall a time-out fires after its limit", async () => {
  const { firedAfterMs } = start();
  const reference = sleep(limitMs);
  await reference;
  assert.equal(firedAfterMs(), undefined);
  const firedMs = await eventually(firedAfterMs, (ms) => ms !== undefined);
  assert.ok((firedMs ?? 0) >= limitMs, `${firedMs} ms`);
});

test("a time-out does not fire if it is cancelled after its timer, but before the sockets are read", async () => {
  const { timeout, firedAfterMs } = start(20);
  block(30);
  const { promise, resolve } = Promise.withResolvers<void>();
  // Runs in the phase of timers, after the timer of the time-out.
  setTimeout(() => {
    timeout.cancel();
    resolve();
  }, 1);
  await promise;
  await sleep(50);
  assert.equal(firedAfterMs(), undefined);
});

test("the time of a stall does not count, wherever in the wait it happens", async () => {
  for (const beforeMs of [0, limitMs / 2, limitMs * 0.9]) {
    const { firedAfterMs } = start();
    await sleep(beforeMs);
    block(3 * limitMs);
    for (let turns = 0; turns < 5; turns += 1) await nextTurn();
    assert.equal(firedAfterMs(), undefined, `a stall after ${beforeMs} ms ended the wait`);
    const firedMs = await eventually(firedAfterMs, (ms) => ms !== undefined);
    assert.ok((firedMs ?? 0) >= 4 * limitMs * 0.9, `${firedMs} ms with a stall after ${beforeMs} ms`);
  }
});

test("a wait ends, however often this process stalls", async () => {
  const { firedAfterMs } = start();
  const startedAt = performance.now();
  while (firedAfterMs() === undefined && performance.now() - startedAt < 10_000) {
    block(150);
    await nextTurn();
  }
  // At most one second is not counted. Stalls after that count.
  assert.ok((firedAfterMs() ?? 10_000) < limitMs + 1000 + 4 * 150, `${firedAfterMs()} ms`);
});

test("a promise that settles in time keeps its outcome, and a late one is replaced by the error", async () => {
  assert.equal(await withTimeout(50, sleep(5, "value"), () => new Error("late")), "value");
  await assert.rejects(
    withTimeout(50, Promise.reject(new Error("own")), () => new Error("late")),
    { message: "own" },
  );
  await assert.rejects(
    withTimeout(20, sleep(200), () => new Error("late")),
    { message: "late" },
  );
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { nextAdmission, watchEventLoop } from "../../../src/kit/overload/event-loop-watch.ts";

const jammed = { sustainedDelayMs: 300, utilization: 1 };
const calm = { sustainedDelayMs: 2, utilization: 0.3 };
const busyButQuick = { sustainedDelayMs: 5, utilization: 1 };
const open = { share: 1, saturatedSamples: 0 };

const after = (...samples: (typeof calm)[]) =>
  samples.reduce((state, sample) => nextAdmission(state, sample, 100), open);

test("a loop with iterations longer than the sample interval counts as saturated, not as idle", async () => {
  const watch = watchEventLoop(50);
  const until = performance.now() + 2000;
  let refused = 0;
  while (performance.now() < until) {
    const blockedUntil = performance.now() + 300;
    while (performance.now() < blockedUntil);
    await sleep(0);
    if (!watch.admits()) refused += 1;
  }
  watch.stop();
  assert.ok(watch.latest().delayMs > 50, `${watch.latest().delayMs} ms`);
  assert.ok(refused > 0);
});

test("a single saturated sample sheds no request", () => {
  assert.equal(after(jammed).share, 1);
  assert.equal(after(jammed, calm, jammed, calm).share, 1);
});

test("while the loop is saturated each sample halves the admitted share, but never to zero", () => {
  assert.equal(after(jammed, jammed).share, 0.5);
  assert.equal(after(jammed, jammed, jammed).share, 0.25);
  assert.equal(after(...Array.from({ length: 30 }, () => jammed)).share, 0.05);
});

test("a busy loop without delay sheds no request", () => {
  assert.equal(after(...Array.from({ length: 30 }, () => busyButQuick)).share, 1);
});

test("after the worst overload ten unsaturated samples restore full admission", () => {
  const deepest = after(...Array.from({ length: 30 }, () => jammed));
  const recovered = Array.from({ length: 10 }, () => calm).reduce(
    (state, sample) => nextAdmission(state, sample, 100),
    deepest,
  );
  assert.equal(recovered.share, 1);
});

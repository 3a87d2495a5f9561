import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as nextTick } from "node:timers/promises";
import { createRequestPacer } from "../../src/http/listener/request-pacer.ts";

test("a burst of requests is started over several iterations of the event loop, in order and without loss", async () => {
  const pacer = createRequestPacer(4);
  const started: number[] = [];
  for (let i = 0; i < 10; i += 1) pacer.run(() => started.push(i));
  assert.equal(started.length, 4);
  await nextTick();
  assert.equal(started.length, 8);
  pacer.run(() => started.push(10));
  await nextTick();
  await nextTick();
  assert.deepEqual(started, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
});

test("single requests start at once", async () => {
  const pacer = createRequestPacer(4);
  let started = 0;
  for (let i = 0; i < 20; i += 1) {
    pacer.run(() => {
      started += 1;
    });
    assert.equal(started, i + 1);
    await nextTick();
  }
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { createRequestPacer } from "../../src/http/listener/request-pacer.ts";

test("a burst is begun over several turns of the loop, in order, and nobody is forgotten", async () => {
  const turnstile = createRequestPacer(4);
  const begun: number[] = [];
  for (let i = 0; i < 10; i += 1) turnstile.run(() => begun.push(i));
  assert.equal(begun.length, 4);
  await nextTurn();
  assert.equal(begun.length, 8);
  turnstile.run(() => begun.push(10));
  await nextTurn();
  await nextTurn();
  assert.deepEqual(begun, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
});

test("one at a time passes at once", async () => {
  const turnstile = createRequestPacer(4);
  let begun = 0;
  for (let i = 0; i < 20; i += 1) {
    turnstile.run(() => {
      begun += 1;
    });
    assert.equal(begun, i + 1);
    await nextTurn();
  }
});

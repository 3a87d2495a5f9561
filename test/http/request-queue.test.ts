import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as nextTick } from "node:timers/promises";
import { createRequestQueue } from "../../src/http/listener/request-queue.ts";

const perTick = 5;
const request = (start: () => void) => ({ start, refuse: () => assert.fail("refused"), isOver: () => false });

/** A queue whose iterations take the given time. `started` and `refused` have the numbers of the requests. */
function queueWith({ maxWaitMs, tickMs }: { maxWaitMs: number; tickMs: number }) {
  let time = 0;
  const started: number[] = [];
  const refused: number[] = [];
  const retryAfter: number[] = [];
  const gone = new Set<number>();
  const queue = createRequestQueue(maxWaitMs, () => time);
  return {
    queue,
    started,
    refused,
    retryAfter,
    gone,
    add(from: number, to: number) {
      for (let number = from; number <= to; number += 1) {
        const refuse = (seconds: number) => {
          refused.push(number);
          retryAfter.push(seconds);
        };
        queue.run({ start: () => started.push(number), refuse, isOver: () => gone.has(number) });
      }
    },
    async tick(lastsMs = tickMs) {
      time += lastsMs;
      await nextTick();
    },
  };
}

test("a burst of requests is started over several iterations of the event loop, in order and without loss", async () => {
  const queue = createRequestQueue(250);
  const started: number[] = [];
  for (let i = 0; i < 12; i += 1) queue.run(request(() => started.push(i)));
  assert.equal(started.length, perTick);
  await nextTick();
  assert.equal(started.length, 2 * perTick);
  queue.run(request(() => started.push(12)));
  await nextTick();
  await nextTick();
  assert.deepEqual(
    started,
    Array.from({ length: 13 }, (_, index) => index),
  );
});

test("single requests start at once", async () => {
  const queue = createRequestQueue(250);
  let started = 0;
  for (let i = 0; i < 20; i += 1) {
    const start = () => {
      started += 1;
    };
    queue.run(request(start));
    assert.equal(started, i + 1);
    await nextTick();
  }
});

test("requests that have waited for too long are refused one by one, and until then the newest start first", async () => {
  const { add, tick, started, refused } = queueWith({ maxWaitMs: 100, tickMs: 40 });
  add(1, 40);
  await tick();
  await tick();
  assert.deepEqual([started.length, refused.length], [15, 0]);
  add(41, 50);
  await tick();
  assert.deepEqual(started.slice(15), [50, 49, 48, 47, 46]);
  assert.deepEqual(refused, [16]);
  await tick();
  assert.deepEqual(started.slice(20), [45, 44, 43, 42, 41]);
  assert.deepEqual(refused, [16, 17]);
});

test("requests that have waited for two seconds are refused faster", async () => {
  const { add, tick, refused } = queueWith({ maxWaitMs: 100, tickMs: 40 });
  let added = 0;
  const addAndTick = async (count: number) => {
    add(added + 1, added + count);
    added += count;
    await tick();
  };
  await addAndTick(200);
  for (let i = 0; i < 49; i += 1) await addAndTick(perTick);
  const slow = refused.length;
  for (let i = 0; i < 10; i += 1) await addAndTick(perTick);
  assert.ok(slow > 30 && slow <= 50, `${slow}`);
  assert.ok(refused.length >= slow + 18, `${refused.length} after ${slow}`);
});

test("late requests start if no other request waits, until they have waited for twice the limit", async () => {
  const { add, tick, started, refused } = queueWith({ maxWaitMs: 100, tickMs: 40 });
  add(1, 200);
  for (let i = 0; i < 120; i += 1) await tick();
  assert.equal(new Set([...started, ...refused]).size, 200);
  assert.equal(started.length + refused.length, 200);
  // five at once, and five in each of the iterations after 40, 80, 120 and 160 ms
  assert.equal(started.length, 25);
});

test("after an overload requests start in order again", async () => {
  const { add, tick, started, refused, queue } = queueWith({ maxWaitMs: 100, tickMs: 40 });
  add(1, 200);
  for (let i = 0; i < 120; i += 1) await tick();
  assert.ok(refused.length > 20);
  assert.equal(queue.refusedCount(), refused.length);
  const before = started.length;
  add(201, 212);
  for (let i = 0; i < 3; i += 1) await tick();
  assert.deepEqual(
    started.slice(before),
    Array.from({ length: 12 }, (_, index) => 201 + index),
  );
});

test("requests whose client has left are neither started nor refused", async () => {
  const { add, tick, started, refused, gone } = queueWith({ maxWaitMs: 100, tickMs: 40 });
  add(1, 200);
  for (let number = 11; number <= 190; number += 1) gone.add(number);
  for (let i = 0; i < 10; i += 1) await tick();
  assert.deepEqual(
    [...started, ...refused].toSorted((a, b) => a - b),
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 191, 192, 193, 194, 195, 196, 197, 198, 199, 200],
  );
});

test("when twenty thousand requests wait, further ones are refused at once", async () => {
  const { add, refused } = queueWith({ maxWaitMs: 100, tickMs: 40 });
  add(1, 20_005);
  assert.deepEqual(refused, []);
  add(20_006, 20_008);
  assert.deepEqual(refused, [20_006, 20_007, 20_008]);
});

test("a pause of this process makes no request late", async () => {
  const { add, tick, started, refused } = queueWith({ maxWaitMs: 250, tickMs: 1 });
  add(1, 12);
  await tick(1200);
  await tick(1200);
  assert.equal(started.length, 12);
  assert.deepEqual(refused, []);
});

test("Retry-After is the time in which the queue would become empty", async () => {
  const { add, tick, retryAfter } = queueWith({ maxWaitMs: 250, tickMs: 20 });
  add(1, 2000);
  for (let i = 0; i < 120; i += 1) await tick();
  // of 2,000 requests five start every 20 ms
  assert.ok(retryAfter.length > 10);
  assert.ok(
    retryAfter.every((seconds) => seconds >= 5 && seconds <= 8),
    retryAfter.join(),
  );
});

test("with a limit of 0 no request is refused", async () => {
  const { add, tick, started, refused, queue } = queueWith({ maxWaitMs: 0, tickMs: 50 });
  add(1, 100);
  for (let i = 0; i < 20; i += 1) await tick();
  assert.equal(started.length, 100);
  assert.deepEqual(refused, []);
  assert.equal(queue.isRefusing(), false);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as nextTick } from "node:timers/promises";
import {
  createRequestQueue,
  type RequestKind,
  type RequestQueueOptions,
} from "../../../src/kit/overload/request-queue.ts";
import { eventually } from "../../shared/eventually.ts";

function startQueue(options: Partial<RequestQueueOptions> = {}) {
  const queue = createRequestQueue({ targetMs: 50, maxPerTick: 4, ...options });
  const started: string[] = [];
  const rejected: { name: string; seconds: number }[] = [];
  const run = (kind: RequestKind, name: string) =>
    queue.run(kind, {
      start: () => void started.push(name),
      reject: (seconds) => void rejected.push({ name, seconds }),
    });
  return { queue, started, rejected, run };
}

/** A clock and a store that the test sets. `advance` waits until the queue has looked for room at the new time. */
function startStore() {
  const store = { now: 0, hasRoom: false, looks: 0 };
  return Object.assign(store, {
    options: {
      now: () => store.now,
      hasRoom: () => {
        store.looks += 1;
        return store.hasRoom;
      },
    },
    async advance(ms: number): Promise<void> {
      store.now += ms;
      const before = store.looks;
      await eventually(
        () => store.looks,
        (looks) => looks > before + 2,
      );
    },
  });
}

const numbers = (count: number) => Array.from({ length: count }, (_, index) => String(index));

test("a burst starts over several loop iterations, in order and completely", async () => {
  const { started, run } = startQueue({ now: () => 0 });
  for (const name of numbers(10)) run("read", name);
  assert.equal(started.length, 4);
  await nextTick();
  assert.equal(started.length, 8);
  run("read", "10");
  await eventually(
    () => started.length,
    (count) => count === 11,
  );
  assert.deepEqual(started, numbers(11));
});

test("single requests start at once", async () => {
  const { started, run } = startQueue({ now: () => 0 });
  for (const [index, name] of numbers(20).entries()) {
    run("read", name);
    assert.equal(started.length, index + 1);
    await nextTick();
  }
});

test("requests that read and requests that write take turns", async () => {
  const { started, run } = startQueue();
  for (const name of numbers(40)) run("read", name);
  for (const name of ["a", "b", "c", "d"]) run("write", name);
  await eventually(
    () => started.length,
    (count) => count === 44,
  );
  assert.ok(started.indexOf("d") < 16, started.join());
});

test("a kind without room waits, and the other kind is started", async () => {
  let hasRoom = false;
  const { started, run } = startQueue({ hasRoom: (kind) => kind === "read" || hasRoom });
  run("write", "w");
  run("read", "r");
  await nextTick();
  assert.deepEqual(started, ["r"]);
  hasRoom = true;
  await eventually(
    () => started.length,
    (count) => count === 2,
  );
});

test("requests that wait for long are rejected, with the time until the queue has drained", async () => {
  const store = startStore();
  const { queue, started, rejected, run } = startQueue(store.options);
  for (const name of numbers(3)) run("read", name);
  for (const ms of [20, 40, 100, 100]) await store.advance(ms);
  assert.deepEqual(rejected, []);
  store.now += 100;
  await eventually(
    () => rejected.length,
    (count) => count === 3,
  );
  assert.ok(rejected.every(({ seconds }) => seconds >= 1 && seconds <= 10));
  assert.deepEqual([queue.isShedding(), queue.shedCount(), queue.waiting()], [true, 3, 0]);

  run("read", "during the overload");
  store.now += 60;
  await eventually(queue.shedCount, (count) => count === 4);
  assert.equal(rejected.length, 3, "the rejection is answered late");
  store.now += 240;
  await eventually(
    () => rejected.length,
    (count) => count === 4,
  );
  store.hasRoom = true;
  run("read", "late");
  await eventually(
    () => started.length,
    (count) => count === 1,
  );
  store.now += 1000;
  assert.equal(queue.isShedding(), false);
});

test("a stall of the process is no overload", async () => {
  let hasRoom = false;
  const { started, rejected, run } = startQueue({ hasRoom: () => hasRoom });
  const startedAt = performance.now();
  for (const name of numbers(3)) run("read", name);
  await eventually(
    () => performance.now() - startedAt,
    (ms) => ms > 80,
    5000,
    5,
  );
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 800);
  hasRoom = true;
  await eventually(
    () => started.length,
    (count) => count === 3,
  );
  assert.deepEqual(rejected, []);
});

test("the queue is bounded, and a target of 0 rejects none", async () => {
  let hasRoom = false;
  const bounded = startQueue({ maxWaiting: 2, hasRoom: () => hasRoom });
  for (const name of numbers(5)) bounded.run("read", name);
  assert.equal(bounded.queue.shedCount(), 3);
  // Two of the rejected requests are answered later.
  assert.deepEqual(
    bounded.rejected.map(({ name }) => name),
    ["4"],
  );
  hasRoom = true;
  const off = startQueue({ targetMs: 0, maxWaiting: 2, hasRoom: () => false });
  for (const name of numbers(100)) off.run("read", name);
  await eventually(
    () => off.started.length + bounded.started.length,
    (count) => count === 102,
  );
  assert.deepEqual(off.rejected, []);
});

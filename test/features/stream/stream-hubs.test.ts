import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Queryable } from "../../../src/db/pool.ts";
import { createHubs } from "../../../src/features/stream/hubs.ts";
import type { Reader } from "../../../src/features/stream/reader.ts";
import { eventually } from "../../shared/eventually.ts";

const owner = "019d5a3e-8f00-7c3a-9d6e-2b1f5a7c9e01";

/** Creates hubs on a simulated Postgres that contains `state.committed` events. */
function createHubsWithEvents() {
  const state = { committed: 0, reads: 0, isUnavailable: false };
  const db: Queryable = {
    async query(sql, values = []) {
      const readsHead = typeof sql === "object" && sql.name === "stream_heads";
      state.reads += 1;
      await nextTurn();
      if (state.isUnavailable) throw new Error("unavailable");
      if (readsHead) return JSON.parse(JSON.stringify([{ ownerId: owner, position: String(state.committed) }]));
      const after = Number(values[1]);
      const count = Math.min(Number(values[2]), state.committed - after);
      return JSON.parse(JSON.stringify(Array.from({ length: count }, (_, n) => ({ position: String(after + n + 1) }))));
    },
  };
  const hubs = createHubs({ db, pollMs: 60_000, onSent: () => undefined });
  return { state, hubs };
}

function readerAt(position: number) {
  const received: number[] = [];
  const reader: Reader = {
    position,
    batchSize: 20,
    hasRoom: () => true,
    write: (bytes) => received.push(...[...bytes.toString().matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id))),
    isIdle: () => true,
    end: () => undefined,
  };
  return { reader, received };
}

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);

test("a reader receives events that were committed after its start position was read and before it joined the hub", async () => {
  const { state, hubs } = createHubsWithEvents();
  state.committed = 3;
  const { reader, received } = readerAt(2);
  hubs.join(owner, reader, 2);
  await eventually(() => received.length, Boolean);
  assert.deepEqual(received, [3]);
  hubs.leave(owner, reader);
});

test("readers that start before, at and after the position of the hub receive each event once, in order", async () => {
  const { state, hubs } = createHubsWithEvents();
  state.committed = 500;
  const readers = [0, 100, 460, 499, 500].map(readerAt);
  for (const { reader } of readers) {
    hubs.join(owner, reader, Math.max(reader.position, 460));
    state.committed += 7;
    hubs.wake(owner);
    await nextTurn();
  }
  await eventually(
    () => readers.map(({ reader }) => reader.position),
    (positions) => positions.every((position) => position === 535),
  );
  for (const [index, from] of [0, 100, 460, 499, 500].entries()) {
    assert.deepEqual(readers[index]?.received, range(from + 1, 535));
  }
  for (const { reader } of readers) hubs.leave(owner, reader);
});

test("a failed read is repeated by the next poll, and nothing is read for an owner without streams", async () => {
  const { state, hubs } = createHubsWithEvents();
  const [current, behind] = [readerAt(5), readerAt(0)];
  state.committed = 5;
  hubs.join(owner, current.reader, 5);
  await nextTurn();
  state.isUnavailable = true;
  state.committed = 9;
  hubs.join(owner, behind.reader, 5);
  hubs.wake(owner);
  await nextTurn();
  await nextTurn();
  assert.deepEqual([current.received, behind.received], [[], []]);
  state.isUnavailable = false;
  hubs.poll();
  await eventually(
    () => [current.received, behind.received],
    (received) => JSON.stringify(received) === JSON.stringify([range(6, 9), range(1, 9)]),
  );
  for (const { reader } of [current, behind]) hubs.leave(owner, reader);
  const before = state.reads;
  hubs.wake(owner);
  hubs.poll();
  await nextTurn();
  assert.equal(state.reads, before);
});

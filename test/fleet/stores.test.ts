import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { before, suite, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { createDatabase } from "../../src/db/pool.ts";
import { createPostgresStore } from "../../src/fleet/postgres-store.ts";
import { createRedisStore, fleetKey } from "../../src/fleet/redis-store.ts";
import type { FleetStore, OwnEntry } from "../../src/kit/fleet/fleet-store.ts";
import { createRedis } from "../../src/redis/client.ts";
import { createRedisAccess } from "../../src/redis/redis-access.ts";
import { atEnd } from "../shared/at-end.ts";
import { eventually } from "../shared/eventually.ts";
import { freshDatabase, query } from "../shared/servers/stores/database.ts";
import { freshRedis } from "../shared/servers/stores/redis.ts";
import { startStopwatch } from "../shared/stopwatch.ts";

const keepMs = 1000;

type StoreFixture = {
  store: FleetStore;
  /** Writes an entry with an age. */
  plant(boot: string, heartbeat: string, agoMs: number): Promise<unknown>;
  boots(): Promise<string[]>;
};

async function onPostgres(): Promise<StoreFixture> {
  const url = await freshDatabase();
  const limits = { connectTimeoutMs: 2000, statementTimeoutMs: 2000, idleTransactionTimeoutMs: 2000 };
  const db = createDatabase({ url, poolMax: 8, ...limits }, (work) => work());
  atEnd(db.close);
  return {
    store: createPostgresStore(db, keepMs),
    plant: (boot, heartbeat, agoMs) =>
      query(
        url,
        "INSERT INTO fleet_instances (boot, instance, beat, seen_at, heartbeat) VALUES ($1, 'planted', 1, now() - $3 * interval '1 ms', $2)",
        [boot, heartbeat, agoMs],
      ),
    boots: async () =>
      (await query<{ boot: string }>(url, "SELECT boot FROM fleet_instances")).map(({ boot }) => boot).sort(),
  };
}

async function onRedis(): Promise<StoreFixture> {
  const url = await freshRedis();
  const limits = { connectTimeoutMs: 2000, commandTimeoutMs: 2000 };
  const client = createRedis({ kind: "url", url }, limits, "test");
  atEnd(() => client.disconnect());
  await eventually(
    () => client.status,
    (status) => status === "ready",
  );
  const other = new Redis(url);
  atEnd(() => other.disconnect());
  return {
    store: createRedisStore(
      createRedisAccess({ read: client, write: client }, (work) => work()),
      keepMs,
    ),
    async plant(boot, heartbeat, agoMs) {
      const [seconds, micros] = await other.time();
      const nowMs = Number(seconds) * 1000 + Math.floor(Number(micros) / 1000);
      await other.hset(fleetKey, boot, `${nowMs - agoMs} 1 ${heartbeat}`);
    },
    boots: async () => (await other.hkeys(fleetKey)).sort(),
  };
}

for (const [name, open] of [
  ["Postgres", onPostgres],
  ["Redis", onRedis],
] as const) {
  suite(`the fleet in ${name}`, () => {
    let fixture: StoreFixture;
    let beat = 0;
    const [own, peer] = [randomUUID(), randomUUID()];
    const entryOf = (boot: string, heartbeat = "words"): OwnEntry => {
      beat += 1;
      return { boot, instance: "an-instance", beat, heartbeat };
    };
    before(async () => {
      fixture = await open();
    });

    test("a read returns the entries of others with their age by the clock of the store", async () => {
      const { store } = fixture;
      assert.deepEqual(await store.writeAndRead(entryOf(own)), []);
      await store.write(entryOf(peer));
      await sleep(300);
      await store.write(entryOf(own));
      const [entry, ...furtherEntries] = await store.writeAndRead(entryOf(own));
      assert.deepEqual(furtherEntries, []);
      assert.partialDeepStrictEqual(entry, { boot: peer, heartbeat: "words" });
      const ageMs = entry?.ageMs ?? Number.NaN;
      assert.ok(ageMs >= 290 && ageMs < 1000, `${ageMs} ms`);
    });

    test("a new heartbeat replaces the previous one and resets its age", async () => {
      const { store, boots } = fixture;
      for (let count = 0; count < 5; count += 1) await store.write(entryOf(peer, `words ${count}`));
      const [entry] = await store.writeAndRead(entryOf(own));
      assert.partialDeepStrictEqual(entry, { heartbeat: "words 4" });
      assert.ok((entry?.ageMs ?? Number.NaN) < 250);
      assert.equal((await boots()).length, 2);
    });

    test("a late, older heartbeat neither replaces a newer one nor resets its age", async () => {
      const { store } = fixture;
      const old = entryOf(peer, "old words");
      await store.write(entryOf(peer, "new words"));
      await sleep(200);
      await store.write(old);
      const [entry] = await store.writeAndRead(entryOf(own));
      assert.equal(entry?.heartbeat, "new words");
      assert.ok((entry?.ageMs ?? 0) >= 190, `${entry?.ageMs} ms`);
    });

    test("an entry that is an hour old, or an hour in the future, is not returned, and is deleted", async () => {
      const { store, plant, boots } = fixture;
      for (const agoMs of [3_600_000, -3_600_000]) await plant(randomUUID(), "lies", agoMs);
      await store.write(entryOf(peer));
      const entries = await store.writeAndRead(entryOf(own));
      assert.deepEqual(
        entries.map(({ boot }) => boot),
        [peer],
      );
      assert.deepEqual(await boots(), [own, peer].sort());
    });

    test("entries of other versions are returned unchanged", async () => {
      const { store, plant } = fixture;
      const otherVersion = randomUUID();
      await plant(otherVersion, '{"v":9 \\u0000 " \' ü', 10);
      const entry = (await store.writeAndRead(entryOf(own))).find(({ boot }) => boot === otherVersion);
      assert.equal(entry?.heartbeat, '{"v":9 \\u0000 " \' ü');
    });

    test("an entry is removed at once, and removing it twice is harmless", async () => {
      const { store, boots } = fixture;
      await store.remove(peer);
      await store.remove(peer);
      assert.ok(!(await boots()).includes(peer));
    });

    test("twenty concurrent writes and reads do not wait for locked rows", async () => {
      const { store, plant } = fixture;
      for (let count = 0; count < 10; count += 1) await plant(randomUUID(), "old", 60_000);
      const ids = Array.from({ length: 20 }, () => randomUUID());
      await Promise.all(ids.map((boot) => store.writeAndRead(entryOf(boot))));
      const reads = await Promise.all(ids.map((boot) => store.writeAndRead(entryOf(boot))));
      for (const entries of reads) assert.ok(entries.length >= 19);
    });

    test("instances that return from an outage together, with expired rows, do not wait for each other", async () => {
      const { store, plant } = fixture;
      for (let outage = 0; outage < 40; outage += 1) {
        const returning = Array.from({ length: 8 }, () => randomUUID());
        await Promise.all(returning.map((boot) => plant(boot, "old", 60_000)));
        const elapsedMs = startStopwatch();
        await Promise.all(returning.map((boot) => store.writeAndRead(entryOf(boot))));
        const tookMs = elapsedMs();
        assert.ok(tookMs < 800, `${tookMs} ms`);
        await Promise.all(returning.map((boot) => store.remove(boot)));
      }
    });
  });
}

test("the first write of a process deletes expired rows from Postgres, even if reads go to Redis", async () => {
  const { store, plant, boots } = await onPostgres();
  const [own, dead, alive] = [randomUUID(), randomUUID(), randomUUID()];
  await plant(dead, "last words", 60_000);
  await plant(alive, "words", 100);
  await store.write({ boot: own, instance: "an-instance", beat: 1, heartbeat: "first words" });
  assert.deepEqual(await boots(), [own, alive].sort());
});

test("the key in Redis expires after the last write, and malformed entries are deleted", async () => {
  const { store, boots } = await onRedis();
  await store.write({ boot: "a", instance: "a", beat: 1, heartbeat: "x" });
  const url = await freshRedis();
  const other = new Redis(url);
  atEnd(() => other.disconnect());
  const client = createRedis({ kind: "url", url }, { connectTimeoutMs: 2000, commandTimeoutMs: 2000 }, "test");
  atEnd(() => client.disconnect());
  await eventually(
    () => client.status,
    (status) => status === "ready",
  );
  const second = createRedisStore(
    createRedisAccess({ read: client, write: client }, (work) => work()),
    100,
  );
  await other.hset(fleetKey, "torn", "no time and no space");
  assert.deepEqual(await second.writeAndRead({ boot: "b", instance: "b", beat: 1, heartbeat: "y" }), []);
  assert.deepEqual(await other.hkeys(fleetKey), ["b"]);
  await eventually(
    () => other.exists(fleetKey),
    (left) => left === 0,
    2000,
  );
  assert.deepEqual(await boots(), ["a"]);
});

import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { createConnector } from "../../src/db/connect/connector.ts";
import { createDatabase } from "../../src/db/pool.ts";
import { createPostgresChecks } from "../../src/db/postgres-checks.ts";
import { createBucket } from "../../src/features/photos/storage/bucket.ts";
import { createStoreClient, type StoreOutcome } from "../../src/kit/fleet/store-client.ts";
import { runCheck } from "../../src/kit/health/run-check.ts";
import { createRedis } from "../../src/redis/client.ts";
import { createRedisPinger } from "../../src/redis/redis-pinger.ts";
import { atEnd } from "../shared/at-end.ts";
import { eventually } from "../shared/eventually.ts";
import { freshDatabase } from "../shared/servers/stores/database.ts";
import { freshRedis } from "../shared/servers/stores/redis.ts";
import { block } from "../support/block.ts";

// The event loop is blocked for longer than a time limit, while the response already waits in the socket.

const limitMs = 100;
const blockMs = 1000;
const redisLimits = { connectTimeoutMs: 5000, commandTimeoutMs: limitMs };
const postgresLimits = { connectTimeoutMs: limitMs, statementTimeoutMs: 300, idleTransactionTimeoutMs: 10_000 };

/** Starts the work, and blocks the event loop after the request was sent. */
async function blockDuring<T>(work: () => Promise<T>): Promise<T> {
  const result = work();
  await nextTurn();
  block(blockMs);
  return result;
}

test("a Redis command gets a response that arrived during a stall, over the same connection", async () => {
  const redis = createRedis({ kind: "url", url: await freshRedis() }, redisLimits, "test");
  atEnd(() => redis.disconnect());
  await eventually(
    () => redis.ping().catch(String),
    (answer) => answer === "PONG",
  );
  const id = await redis.client("ID");
  assert.equal(await blockDuring(() => redis.ping()), "PONG");
  assert.equal(await redis.client("ID"), id);
});

test("a Postgres statement and a new connection get responses that arrived during a stall", async () => {
  const db = createDatabase({ ...postgresLimits, url: await freshDatabase(), poolMax: 2 }, (work) => work());
  atEnd(() => db.close());
  assert.deepEqual(await blockDuring(() => db.query("SELECT 1 AS first")), [{ first: 1 }]);
  const pid = () => db.query("SELECT pg_backend_pid() AS pid");
  const before = await pid();
  assert.deepEqual(await blockDuring(pid), before);
  const insideTransaction = await blockDuring(() => db.transaction((tx) => tx.query("SELECT 1 AS second")));
  assert.deepEqual(insideTransaction, [{ second: 1 }]);
});

test("checks succeed if their response arrives during a stall", async () => {
  const never = new AbortController().signal;
  const redis = createRedisPinger({ kind: "url", url: await freshRedis() }, redisLimits);
  const connector = createConnector({ ...postgresLimits, url: await freshDatabase() });
  const postgres = createPostgresChecks({ connector, timeoutMs: limitMs, migrations: [], instance: "test" });
  atEnd(() => redis.close());
  atEnd(() => postgres.close());
  for (const run of [redis.ping, postgres.read, postgres.write]) {
    const check = { run };
    for (const connection of ["new", "open"]) {
      const observation = await blockDuring(() => runCheck(check, limitMs, never));
      assert.partialDeepStrictEqual(observation, { ok: true }, `over a connection that is ${connection}`);
    }
  }
});

test("a call to the bucket gets a response that arrived during a stall", async () => {
  const thread = new Worker(new URL("../support/bucket-thread.ts", import.meta.url));
  atEnd(() => thread.terminate());
  const [{ port }] = await once(thread, "message");
  const bucket = createBucket(
    { endpoint: `http://127.0.0.1:${port}`, bucket: "photos", region: "auto", pathStyle: true, timeoutMs: limitMs },
    { get: async () => ({ accessKeyId: "id", secretAccessKey: "secret" }), invalidate: () => undefined },
  );
  await blockDuring(() => bucket.put({ name: "name", bytes: Buffer.from("image") }));
});

test("after a stall a heartbeat store does not count as stuck and does not time out", async () => {
  const db = createDatabase(
    { ...postgresLimits, statementTimeoutMs: 10_000, url: await freshDatabase(), poolMax: 1 },
    (work) => work(),
  );
  atEnd(() => db.close());
  await db.query("SELECT 1");
  const { promise: ended, resolve } = Promise.withResolvers<StoreOutcome>();
  const client = createStoreClient({
    store: {
      name: "postgres",
      write: async () => void (await db.query("SELECT 1")),
      writeAndRead: () => db.query("SELECT 1").then(() => []),
      remove: async () => undefined,
    },
    ownEntry: () => ({ boot: "boot", instance: "one", beat: 1, heartbeat: "" }),
    now: () => performance.now(),
    stuckMs: limitMs / 2,
    timeoutMs: limitMs,
    maxAbandoned: 1,
    onEnd: resolve,
  });
  client.send({ read: true });
  await nextTurn();
  block(blockMs);
  assert.equal(client.isStuck(), false);
  assert.partialDeepStrictEqual(await ended, { ok: true });
});

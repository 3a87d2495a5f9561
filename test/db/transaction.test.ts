import assert from "node:assert/strict";
import { test } from "node:test";
import { runIdempotent } from "../../src/db/idempotency.ts";
import { createDatabase } from "../../src/db/pool.ts";
import { atEnd } from "../shared/at-end.ts";
import { startFaultProxy } from "../shared/servers/fault-proxy.ts";
import { freshDatabase } from "../shared/servers/stores/database.ts";
import { startStopwatch } from "../shared/stopwatch.ts";

const limits = { poolMax: 2, connectTimeoutMs: 10_000, statementTimeoutMs: 10_000, idleTransactionTimeoutMs: 10_000 };

function open(url: string) {
  const db = createDatabase({ ...limits, url }, (work) => work());
  atEnd(() => db.close());
  return db;
}

const insertUser =
  "INSERT INTO users (id, email, name, password_hash) VALUES ($1::uuid, $1 || '@example.org', 'A', '') RETURNING id";
const [first, second] = ["0192f0c1-2345-7000-8000-000000000001", "0192f0c1-2345-7000-8000-000000000002"];

test("a create with an Idempotency-Key takes three round trips", async () => {
  const delayMs = 300;
  const proxy = await startFaultProxy(await freshDatabase());
  const db = open(proxy.url);
  await db.query(insertUser, [first]);
  await proxy.set({ delayMs });
  const elapsedMs = startStopwatch();
  await runIdempotent(db, { userId: first, key: "key", fingerprint: "f" }, async (tx) => {
    await tx.query(insertUser, [second]);
    return { status: 201, headers: {}, body: "" };
  });
  assert.ok(elapsedMs() < 5 * delayMs, `${elapsedMs()} ms`);
  assert.equal((await db.query("SELECT FROM users")).length, 2);
});

test("the statement that is sent with COMMIT is committed, and its failure rolls everything back", async () => {
  const db = open(await freshDatabase());
  const run = (ids: readonly string[], hook: () => void = () => undefined) =>
    db.transaction(async (tx) => {
      tx.afterCommit(hook);
      for (const id of ids.slice(0, -1)) await tx.query(insertUser, [id]);
      await tx.queryAndCommit(insertUser, ids.slice(-1));
    });
  let hooks = 0;
  const hook = () => {
    hooks += 1;
  };
  await assert.rejects(run([first, second, first], hook), { code: "23505" });
  assert.deepEqual(await db.query("SELECT id FROM users"), []);
  await run([first, second], hook);
  assert.equal((await db.query("SELECT id FROM users")).length, 2);
  assert.equal(hooks, 1);
  assert.equal(db.counts().total, db.counts().idle);
});

test("no change is sent before the transaction has begun", async () => {
  const proxy = await startFaultProxy(await freshDatabase());
  const db = open(proxy.url);
  await db.query("SELECT 1");
  await proxy.set("freeze");
  const before = proxy.sent().length;
  const ended = assert.rejects(
    db.transaction(async (tx) => {
      await Promise.all([tx.query("SELECT 1 AS sent"), tx.query(insertUser, [first])]);
    }),
  );
  setTimeout(() => void proxy.set("reset"), 300);
  await ended;
  const sent = proxy.sent().slice(before);
  assert.match(sent, /BEGIN[\s\S]*SELECT 1 AS sent/);
  assert.doesNotMatch(sent, /INSERT/);
});

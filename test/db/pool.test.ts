import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { AppError, type ErrorCode } from "../../src/core/errors/app-error.ts";
import { withOwnWaits } from "../../src/core/timing/waits.ts";
import { isDatabaseFailure, onConstraint } from "../../src/db/driver-errors.ts";
import { createDatabase, type Database } from "../../src/db/pool.ts";
import { atEnd } from "../shared/at-end.ts";
import { startFaultProxy } from "../shared/servers/fault-proxy.ts";
import { freshDatabase, query } from "../shared/servers/stores/database.ts";
import { startStopwatch } from "../shared/stopwatch.ts";

const limits = { poolMax: 3, connectTimeoutMs: 400, statementTimeoutMs: 300, idleTransactionTimeoutMs: 1000 };

function open(url: string): Database {
  const db = createDatabase({ ...limits, url }, (work) => work());
  atEnd(() => db.close());
  return db;
}

const hasCode = (code: ErrorCode) => (error: unknown) => error instanceof AppError && error.code === code;

const busyBackends = async (url: string) =>
  (
    await query<{ n: number }>(
      url,
      "SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%pg_sleep%' AND state = 'active' AND pid <> pg_backend_pid()",
    )
  )[0]?.n;

test("a statement that times out is cancelled in Postgres", async () => {
  const url = await freshDatabase();
  const db = open(url);
  await assert.rejects(db.query("SELECT pg_sleep(5)"), hasCode("unavailable"));
  assert.equal(await busyBackends(url), 0);
});

test("a hundred time-outs never leave more statements running than the pool's size, and the pool keeps working", async () => {
  const url = await freshDatabase();
  const db = open(url);
  const calls = Array.from({ length: 100 }, () => db.query("SELECT pg_sleep(5)").catch(() => undefined));
  await sleep(150);
  assert.ok(((await busyBackends(url)) ?? 99) <= limits.poolMax);
  await Promise.all(calls);
  assert.deepEqual(await db.query("SELECT 1 AS one"), [{ one: 1 }]);
});

test("a query that finds all connections in use is rejected in time, and does not count as a failure of the database", async () => {
  const db = open(await freshDatabase());
  const holders = Array.from({ length: 3 }, () => db.transaction(async () => sleep(700)));
  await sleep(50);
  const elapsedMs = startStopwatch();
  await assert.rejects(db.query("SELECT 1"), hasCode("overloaded"));
  assert.ok(elapsedMs() < 600);
  await Promise.all(holders);
});

test("the time that a request waits for connections counts towards the time limit of its statements", async () => {
  const errors: unknown[] = [];
  const database = createDatabase(
    {
      ...{ poolMax: 1, connectTimeoutMs: 2000, statementTimeoutMs: 4000, idleTransactionTimeoutMs: 10_000 },
      url: await freshDatabase(),
    },
    (work) =>
      work().catch((error: unknown) => {
        errors.push(error);
        throw error;
      }),
  );
  atEnd(() => database.close());
  await database.query("SELECT 1");
  await withOwnWaits(async () => {
    for (const _ of [1, 2]) {
      const held = Promise.withResolvers<void>();
      const holder = database.transaction(async (tx) => {
        await tx.query("SELECT 1");
        held.resolve();
        await sleep(1000);
      });
      await held.promise;
      await database.query("SELECT 1");
      await holder;
    }
    const elapsedMs = startStopwatch();
    await assert.rejects(database.query("SELECT pg_sleep(10)"), hasCode("unavailable"));
    // Without the waits the limit would be 3.6 s.
    assert.ok(elapsedMs() < 3000, `ended after ${elapsedMs()} ms`);
  });
  assert.equal(errors.some(isDatabaseFailure), false, "the statement was cancelled, and the database has not failed");
  assert.deepEqual(await database.query("SELECT 1 AS one"), [{ one: 1 }]);
});

test("writes never use all connections of a pool of four or more, so that reads do not wait for them", async () => {
  const database = createDatabase({ ...limits, poolMax: 4, url: await freshDatabase() }, (work) => work());
  atEnd(() => database.close());
  const released = Promise.withResolvers<void>();
  const writes = Array.from({ length: 8 }, () => database.transaction(() => released.promise));
  const ended = Promise.allSettled(writes);
  assert.deepEqual(await database.query("SELECT 1 AS one"), [{ one: 1 }]);
  released.resolve();
  await ended;
});

test("an error of a statement keeps the connection, and a broken connection is replaced", async () => {
  const db = open(await freshDatabase());
  const pid = async () => (await db.query<{ pid: number }>("SELECT pg_backend_pid() AS pid"))[0]?.pid;
  const first = await pid();
  await assert.rejects(db.query("SELECT 1/0"));
  assert.equal(await pid(), first);
  await assert.rejects(db.query("SELECT pg_terminate_backend(pg_backend_pid())"), hasCode("unavailable"));
  assert.notEqual(await pid(), first);
});

test("a failed transaction is rolled back, and its connection returns to the pool", async () => {
  const db = open(await freshDatabase());
  const insert = "INSERT INTO users (id, email, name, password_hash) VALUES (gen_random_uuid(), 'a@b', 'A', '')";
  for (let times = 0; times < 5; times += 1) {
    await assert.rejects(
      db.transaction(async (tx) => {
        await tx.query(insert);
        throw new AppError("conflict", "changed my mind");
      }),
      hasCode("conflict"),
    );
  }
  assert.deepEqual(await db.query("SELECT * FROM users"), []);
  assert.equal(db.counts().total, db.counts().idle);
});

test("an error that application code throws inside a transaction does not count as a failure of the database", async () => {
  const db = open(await freshDatabase());
  for (const thrown of [new TypeError("ours"), new Error("ours"), new DOMException("gone", "AbortError")]) {
    const failing = db.transaction(async (tx) => {
      await tx.query("SELECT 1");
      throw thrown;
    });
    await assert.rejects(failing, (error) => error === thrown && !isDatabaseFailure(error));
  }
  assert.equal(db.counts().idle, 1);
});

test("the violation of a constraint becomes a domain error", async () => {
  const db = open(await freshDatabase());
  const insert = "INSERT INTO users (id, email, name, password_hash) VALUES (gen_random_uuid(), 'a@b', 'A', '')";
  await db.query(insert);
  const twice = db
    .query(insert)
    .catch(onConstraint("users_email_key", () => new AppError("conflict", "This address is taken.")));
  await assert.rejects(twice, hasCode("conflict"));
});

for (const fault of ["refuse", "hole", "reset"] as const) {
  test(`with a broken path to Postgres (${fault}) queries fail in time, and succeed again after it is restored`, async () => {
    const proxy = await startFaultProxy(await freshDatabase());
    const db = open(proxy.url);
    await db.query("SELECT 1");
    await proxy.set(fault);
    const elapsedMs = startStopwatch();
    // A reset closes the connections once; the path works again afterwards.
    if (fault === "reset") await proxy.set("pass");
    else await assert.rejects(db.query("SELECT 1"), hasCode("unavailable"));
    assert.ok(elapsedMs() < 1500);
    await proxy.set("pass");
    await db.query("SELECT 1").catch(() => undefined);
    assert.deepEqual(await db.query("SELECT 1 AS one"), [{ one: 1 }]);
    assert.ok(proxy.open() <= limits.poolMax);
  });
}

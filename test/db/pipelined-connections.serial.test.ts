import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { AppError, type ErrorCode } from "../../src/core/errors/app-error.ts";
import { createDatabase, type Database, type Protect, type Statement } from "../../src/db/pool.ts";
import { atEnd } from "../shared/at-end.ts";
import { eventually } from "../shared/eventually.ts";
import { startFaultProxy } from "../shared/servers/fault-proxy.ts";
import { freshDatabase, query } from "../shared/servers/stores/database.ts";
import { startPostgresServer } from "../shared/servers/stores/postgres-servers.ts";
import { startStopwatch } from "../shared/stopwatch.ts";
import { block } from "../support/block.ts";

const limits = { poolMax: 5, connectTimeoutMs: 1000, statementTimeoutMs: 4000, idleTransactionTimeoutMs: 1000 };
const pipelinedMax = 2;
/** A short read that takes longer is not answered by a shared connection. */
const shortLimitMs = 500;

function open(
  url: string,
  { protect = (work) => work(), ...more }: Partial<typeof limits & { protect: Protect }> = {},
) {
  const db = createDatabase({ ...limits, ...more, url }, protect);
  atEnd(() => db.close());
  return db;
}

const hasCode = (code: ErrorCode) => (error: unknown) => error instanceof AppError && error.code === code;

const backend: Statement = { name: "backend", text: "SELECT pg_backend_pid() AS pid", isShort: true };
const slow: Statement = { name: "slow", text: "SELECT pg_sleep($1)::text AS slept", isShort: true };

/** Runs short reads at the same moment, and returns the backends that answered. */
async function backendsOf(db: Database, reads = 40): Promise<number[]> {
  const rows = await Promise.all(Array.from({ length: reads }, () => db.query<{ pid: number }>(backend)));
  return [...new Set(rows.map(([row]) => row?.pid ?? 0))];
}

/** Waits until the shared connections are open and answer all short reads. */
const pipelinedBackends = (db: Database): Promise<number[]> =>
  eventually(
    () => backendsOf(db),
    (pids) => pids.length === pipelinedMax,
    10_000,
  );

const countSleeping = async (url: string) =>
  (
    await query(
      url,
      "SELECT FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%pg_sleep%' AND state = 'active' AND pid <> pg_backend_pid()",
    )
  ).length;

test("short reads share two connections, and all other statements run alone", async () => {
  const db = open(await freshDatabase());
  const shared = await pipelinedBackends(db);
  const { total, pipelined, max } = db.counts();
  assert.deepEqual([pipelined, max], [pipelinedMax, limits.poolMax - pipelinedMax]);
  assert.ok(total <= max);
  const [alone] = await db.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
  assert.ok(!shared.includes(alone?.pid ?? 0));
  const inTransaction = await db.transaction((tx) => tx.query<{ pid: number }>(backend));
  assert.ok(!shared.includes(inTransaction[0]?.pid ?? 0));
});

test("a slow read delays later reads by at most the limit of short reads, and is then answered by the pool", async () => {
  const url = await freshDatabase();
  const db = open(url);
  const shared = await pipelinedBackends(db);
  const elapsedMs = startStopwatch();
  const slowReads = shared.map(() => db.query(slow, [1.5]));
  const laterReads = Array.from({ length: 50 }, () => db.query(backend));
  await Promise.all(laterReads);
  assert.ok(elapsedMs() < 1500, `${elapsedMs()} ms`);
  assert.deepEqual(await Promise.all(slowReads), [[{ slept: "" }], [{ slept: "" }]]);
  assert.equal(await countSleeping(url), 0);
  assert.equal((await pipelinedBackends(db)).length, pipelinedMax);
});

test("while a read is slow, later reads use other connections", async () => {
  const db = open(await freshDatabase());
  const shared = await pipelinedBackends(db);
  const slowReads = Promise.all(shared.map(() => db.query(slow, [shortLimitMs / 1000 - 0.1])));
  const answered: number[] = [];
  const others = () => answered.filter((pid) => !shared.includes(pid));
  await eventually(
    async () => {
      void backendsOf(db, 1).then((pids) => answered.push(...pids));
      return others().length;
    },
    (seen) => seen > 0,
    shortLimitMs,
    10,
  );
  await slowReads;
});

test("a read that exceeds the statement limit is the only one that fails, is counted as one failure, and does not keep running in Postgres", async () => {
  const url = await freshDatabase();
  let failures = 0;
  const protect: Protect = async (work) => {
    try {
      return await work();
    } catch (error) {
      failures += 1;
      throw error;
    }
  };
  const db = open(url, { statementTimeoutMs: 900, protect });
  await pipelinedBackends(db);
  const slowRead = db.query(slow, [30]);
  const laterReads = Promise.all(Array.from({ length: 50 }, () => db.query(backend)));
  await assert.rejects(slowRead, hasCode("unavailable"));
  await laterReads;
  assert.equal(failures, 1);
  assert.equal(await countSleeping(url), 0);
});

test("an error of one read does not affect later reads", async () => {
  const db = open(await freshDatabase());
  const shared = await pipelinedBackends(db);
  const divide: Statement = { text: "SELECT 1 / $1::int AS result", isShort: true };
  const outcomes = await Promise.allSettled([
    db.query(divide, [0]),
    ...Array.from({ length: 20 }, () => db.query(backend)),
  ]);
  assert.equal(outcomes.filter(({ status }) => status === "rejected").length, 1);
  assert.deepEqual((await backendsOf(db)).sort(), shared.sort());
});

test("when the shared connections are lost, other connections answer their reads", async () => {
  const url = await freshDatabase();
  const db = open(url);
  const shared = await pipelinedBackends(db);
  const slowReads = shared.map(() => db.query(slow, [0.3]));
  const laterReads = Array.from({ length: 50 }, () => db.query(backend));
  await query(url, "SELECT pg_terminate_backend(pid) FROM unnest($1::int[]) AS pid", [shared]);
  await Promise.all([...slowReads, ...laterReads]);
  const next = await pipelinedBackends(db);
  assert.ok(next.every((pid) => !shared.includes(pid)));
});

test("retired connections answer the reads in flight, and get no new ones", async () => {
  const db = open(await freshDatabase());
  const shared = await pipelinedBackends(db);
  const before = Promise.all(Array.from({ length: 20 }, () => db.query<{ pid: number }>(backend)));
  db.retireConnections();
  const after = await backendsOf(db);
  assert.ok((await before).every(([row]) => shared.includes(row?.pid ?? 0)));
  assert.ok(after.every((pid) => !shared.includes(pid)));
  assert.equal((await pipelinedBackends(db)).length, pipelinedMax);
});

for (const fault of ["refuse", "hole", "freeze", "reset"] as const) {
  test(`with a broken path to Postgres (${fault}) short reads fail in time, and succeed again after it is restored`, async () => {
    const proxy = await startFaultProxy(await freshDatabase());
    const db = open(proxy.url, { statementTimeoutMs: 600 });
    await pipelinedBackends(db);
    const elapsedMs = startStopwatch();
    // Before the fault, so that the reads are on their way.
    const reads = Array.from({ length: 20 }, () => db.query(backend));
    const ended = Promise.allSettled(reads);
    await proxy.set(fault);
    if (fault === "reset") await proxy.set("pass");
    await ended;
    assert.ok(elapsedMs() < shortLimitMs + limits.connectTimeoutMs + 3000, `${elapsedMs()} ms`);
    if (fault !== "reset") await assert.rejects(db.query(backend), hasCode("unavailable"));
    await proxy.set("pass");
    const restored = await eventually(
      () => pipelinedBackends(db).catch(() => []),
      (pids) => pids.length === pipelinedMax,
      10_000,
    );
    assert.equal(restored.length, pipelinedMax);
    assert.ok(proxy.open() <= limits.poolMax);
  });
}

test("when the backends of the shared connections are frozen, other connections answer their reads", async () => {
  const url = await freshDatabase();
  const db = open(url);
  const shared = await pipelinedBackends(db);
  for (const pid of shared) process.kill(pid, "SIGSTOP");
  try {
    const answered = await backendsOf(db);
    assert.ok(answered.every((pid) => !shared.includes(pid)));
  } finally {
    for (const pid of shared) process.kill(pid, "SIGCONT");
  }
  await pipelinedBackends(db);
  const remaining = () => query(url, "SELECT FROM pg_stat_activity WHERE pid = ANY ($1)", [shared]);
  await eventually(remaining, (rows) => rows.length === 0);
});

test("short reads succeed again after a restart of Postgres", async () => {
  const postgres = await startPostgresServer();
  const db = open(postgres.url, { statementTimeoutMs: 600 });
  await pipelinedBackends(db);
  await postgres.stop();
  await assert.rejects(db.query(backend), hasCode("unavailable"));
  await postgres.start();
  const restored = () => pipelinedBackends(db).catch(() => []);
  await eventually(restored, (pids) => pids.length === pipelinedMax, 15_000);
});

test("after the event loop was blocked, the answers that have waited are read from the same connections", async () => {
  const db = open(await freshDatabase());
  const shared = await pipelinedBackends(db);
  const reads = Promise.all(Array.from({ length: 20 }, () => db.query<{ pid: number }>(backend)));
  await nextTurn();
  block(3 * shortLimitMs);
  assert.ok((await reads).every(([row]) => shared.includes(row?.pid ?? 0)));
  assert.deepEqual((await pipelinedBackends(db)).sort(), shared.sort());
});

test("closing the database waits for the reads on shared connections", async () => {
  const db = createDatabase({ ...limits, url: await freshDatabase() }, (work) => work());
  const shared = await pipelinedBackends(db);
  const reads = Promise.all(shared.map(() => db.query(slow, [0.2])));
  await nextTurn();
  const closed = db.close();
  assert.deepEqual(await reads, [[{ slept: "" }], [{ slept: "" }]]);
  await closed;
  assert.partialDeepStrictEqual(db.counts(), { total: 0, pipelined: 0 });
});

test("a pool of fewer than five connections has no shared connections", async () => {
  const db = open(await freshDatabase(), { poolMax: 4 });
  await backendsOf(db);
  assert.deepEqual(await Promise.all([db.query(slow, [0.6]), db.query(slow, [0.6])]), [
    [{ slept: "" }],
    [{ slept: "" }],
  ]);
  assert.equal(db.counts().pipelined, 0);
});

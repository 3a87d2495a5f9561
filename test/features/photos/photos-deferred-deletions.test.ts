import assert from "node:assert/strict";
import { test } from "node:test";
import { createDatabase } from "../../../src/db/pool.ts";
import { createDeferredDeletions } from "../../../src/features/photos/storage/deferred-deletions.ts";
import { atEnd } from "../../shared/at-end.ts";
import { eventually } from "../../shared/eventually.ts";
import { freshDatabase, query } from "../../shared/servers/stores/database.ts";

const url = await freshDatabase();
const limits = { poolMax: 3, connectTimeoutMs: 2000, statementTimeoutMs: 2000, idleTransactionTimeoutMs: 5000 };
const db = createDatabase({ ...limits, url }, (work) => work());
atEnd(() => db.close());

/** Creates deferred deletions on a bucket whose first `failures` calls fail. */
function createDeletions({ failures = 0, retryMs = 60_000, graceMs = 60_000 }) {
  const requested: string[] = [];
  const warnings: unknown[] = [];
  const bucket = {
    async remove(name: string) {
      requested.push(name);
      if (requested.length <= failures) throw new Error("unavailable");
    },
  };
  const logger = { warn: (fields: unknown) => void warnings.push(fields) };
  const deletions = createDeferredDeletions({ db, bucket, logger, retryMs, graceMs });
  atEnd(deletions.stop);
  return { deletions, requested, warnings };
}

const queuedNames = async () =>
  (await query<{ name: string }>(url, "SELECT name FROM files_to_remove ORDER BY name")).map(({ name }) => name);
const waitUntilQueueIsEmpty = () => eventually(queuedNames, (names) => names.length === 0);

test("a failed deletion is retried until it succeeds", async () => {
  const { deletions, requested, warnings } = createDeletions({ failures: 2, retryMs: 50 });
  await db.transaction(async (tx) => {
    await deletions.add(tx, ["a"]);
    tx.afterCommit(deletions.run);
  });
  await waitUntilQueueIsEmpty();
  assert.deepEqual([requested, warnings.length], [["a", "a", "a"], 2]);
  deletions.stop();
});

test("two instances delete many objects in one run, each object once", async () => {
  const instances = [createDeletions({}), createDeletions({})];
  const names = Array.from({ length: 100 }, (_, n) => `file-${n}`);
  await instances[0]?.deletions.add(db, names);
  for (const { deletions } of instances) deletions.run();
  await waitUntilQueueIsEmpty();
  assert.deepEqual(instances.flatMap(({ requested }) => requested).sort(), names.sort());
});

test("an announced object is deleted after the grace period, except if `keep` was called for it", async () => {
  const withLongIntervals = createDeletions({});
  await withLongIntervals.deletions.announce(["a"]);
  await withLongIntervals.deletions.add(db, ["b"]);
  withLongIntervals.deletions.run();
  assert.deepEqual(await eventually(queuedNames, (names) => names.length === 1), ["a"]);
  assert.deepEqual(withLongIntervals.requested, ["b"]);
  await withLongIntervals.deletions.keep(db, ["a"]);

  const { deletions, requested } = createDeletions({ retryMs: 50, graceMs: 100 });
  await deletions.announce(["c"]);
  await waitUntilQueueIsEmpty();
  assert.deepEqual(requested, ["c"]);
  deletions.stop();
});

test("abandoned objects are deleted at once, except objects that an open transaction keeps", async () => {
  const { deletions, requested } = createDeletions({});
  await deletions.announce(["lost"]);
  await deletions.announce(["kept"]);
  let abandoned: Promise<void> | undefined;
  await db.transaction(async (tx) => {
    await deletions.keep(tx, ["kept"]);
    abandoned = deletions.abandon(["lost", "kept"]);
    await eventually(
      () => query(url, "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"),
      (waiting) => waiting.length > 0,
    );
  });
  await abandoned;
  await waitUntilQueueIsEmpty();
  assert.deepEqual(requested, ["lost"]);
});

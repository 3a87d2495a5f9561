import assert from "node:assert/strict";
import { test } from "node:test";
import { createDatabase } from "../../src/db/pool.ts";
import { createDeferredDeletions } from "../../src/features/photos/storage/deferred-deletions.ts";
import { atEnd } from "../support/at-end.ts";
import { freshDatabase, query } from "../support/database.ts";
import { eventually } from "../support/eventually.ts";

const url = await freshDatabase();
const limits = { poolMax: 3, connectTimeoutMs: 2000, statementTimeoutMs: 2000, idleTransactionTimeoutMs: 5000 };
const db = createDatabase({ ...limits, url }, (work) => work());
atEnd(() => db.close());

/** Removals from a bucket that fails as often as is said. */
function removalsFrom({ failures = 0, retryMs = 60_000, graceMs = 60_000 }) {
  const asked: string[] = [];
  const warnings: unknown[] = [];
  const bucket = {
    async remove(name: string) {
      asked.push(name);
      if (asked.length <= failures) throw new Error("away");
    },
  };
  const logger = { warn: (fields: unknown) => void warnings.push(fields) };
  const removals = createDeferredDeletions({ db, bucket, logger, retryMs, graceMs });
  atEnd(removals.stop);
  return { removals, asked, warnings };
}

const named = async () =>
  (await query<{ name: string }>(url, "SELECT name FROM files_to_remove ORDER BY name")).map(({ name }) => name);
const noneNamed = () => eventually(named, (names) => names.length === 0);

test("what the bucket does not remove is tried again until it is done, and nothing after that", async () => {
  const { removals, asked, warnings } = removalsFrom({ failures: 2, retryMs: 50 });
  await db.transaction(async (tx) => {
    await removals.add(tx, ["a"]);
    tx.afterCommit(removals.run);
  });
  await noneNamed();
  assert.deepEqual([asked, warnings.length], [["a", "a", "a"], 2]);
  removals.stop();
});

test("many are removed in one go, each by one instance", async () => {
  const instances = [removalsFrom({}), removalsFrom({})];
  const names = Array.from({ length: 100 }, (_, n) => `file-${n}`);
  await instances[0]?.removals.add(db, names);
  for (const { removals } of instances) removals.run();
  await noneNamed();
  assert.deepEqual(instances.flatMap(({ asked }) => asked).sort(), names.sort());
});

test("what is announced stays for its time of grace, and goes where nobody kept it by then", async () => {
  const patient = removalsFrom({});
  await patient.removals.announce(["a"]);
  await patient.removals.add(db, ["b"]);
  patient.removals.run();
  assert.deepEqual(await eventually(named, (names) => names.length === 1), ["a"]);
  assert.deepEqual(patient.asked, ["b"]);
  await patient.removals.keep(db, ["a"]);

  const { removals, asked } = removalsFrom({ retryMs: 50, graceMs: 100 });
  await removals.announce(["c"]);
  await noneNamed();
  assert.deepEqual(asked, ["c"]);
  removals.stop();
});

test("what is given up goes at once, but not what a commit under way keeps after all", async () => {
  const { removals, asked } = removalsFrom({});
  await removals.announce(["lost"]);
  await removals.announce(["kept"]);
  let gaveUp: Promise<void> | undefined;
  await db.transaction(async (tx) => {
    await removals.keep(tx, ["kept"]);
    gaveUp = removals.giveUp(["lost", "kept"]);
    await eventually(
      () => query(url, "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"),
      (waiting) => waiting.length > 0,
    );
  });
  await gaveUp;
  await noneNamed();
  assert.deepEqual(asked, ["lost"]);
});

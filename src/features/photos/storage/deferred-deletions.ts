import type { Logger } from "../../../core/logging/logger.ts";
import type { Queryable } from "../../../db/pool.ts";
import type { Bucket } from "./bucket.ts";

export type DeferredDeletionsDeps = {
  db: Queryable;
  bucket: Pick<Bucket, "remove">;
  logger: Pick<Logger, "warn">;
  /** The time until a deletion is attempted again, also one that another instance has begun and not finished. */
  retryMs: number;
  /** The time after which an announced object is deleted unless it is kept. Has to be longer than any upload takes. */
  graceMs: number;
};

const batchSize = 20;

/**
 * Deletes objects that no row of a photo or an avatar refers to. The table `files_to_remove` lists every object that may
 * have no row: during an upload until its commit, and after the deletion of the row until the bucket has deleted the
 * object. So each of these objects is deleted, even after an outage of the bucket, a commit with unknown outcome or a
 * killed process.
 */
export function createDeferredDeletions({ db, bucket, logger, retryMs, graceMs }: DeferredDeletionsDeps) {
  let isRunning = false;
  let mustRunAgain = false;

  const schedule = async (queryable: Queryable, names: readonly string[], inMs: number): Promise<void> => {
    const sql = `INSERT INTO files_to_remove (name, due_at)
                 SELECT name, now() + $2::float8 * interval '1 ms' FROM unnest($1::text[]) AS name`;
    await queryable.query(sql, [names, inMs]);
  };

  /** Returns whether more deletions may be due. */
  const deleteBatch = async (): Promise<boolean> => {
    const claim = `UPDATE files_to_remove SET due_at = now() + $1::float8 * interval '1 ms'
                   WHERE name IN (SELECT name FROM files_to_remove WHERE due_at <= now()
                                  ORDER BY due_at LIMIT ${batchSize} FOR UPDATE SKIP LOCKED) RETURNING name`;
    const names = (await db.query<{ name: string }>(claim, [retryMs])).map(({ name }) => name);
    const outcomes = await Promise.allSettled(names.map((name) => bucket.remove(name)));
    const deleted = names.filter((_, index) => outcomes[index]?.status === "fulfilled");
    if (deleted.length > 0) await db.query("DELETE FROM files_to_remove WHERE name = ANY ($1)", [deleted]);
    const failed = outcomes.find((outcome) => outcome.status === "rejected");
    if (failed) logger.warn({ err: failed.reason }, "deleting orphaned objects failed; will retry");
    return failed === undefined && names.length === batchSize;
  };

  const deleteAllDue = async (): Promise<void> => {
    isRunning = true;
    do {
      mustRunAgain = false;
      // While Postgres is unavailable, the next run retries.
      const hasMore = await deleteBatch().catch(() => false);
      mustRunAgain ||= hasMore;
    } while (mustRunAgain);
    isRunning = false;
  };

  const run = (): void => {
    mustRunAgain = true;
    if (!isRunning) void deleteAllDue();
  };

  const timer = setInterval(run, retryMs).unref();

  return {
    /** Lists the objects, to be deleted after `graceMs` unless they are kept. Call before the objects are written. */
    announce: (names: readonly string[]): Promise<void> => schedule(db, names, graceMs),

    /** Removes the objects from the list. Call in the transaction that stores the rows that refer to them. */
    async keep(tx: Queryable, names: readonly string[]): Promise<void> {
      await tx.query("DELETE FROM files_to_remove WHERE name = ANY ($1)", [names]);
    },

    /** Lists objects for deletion. Call in the transaction that deletes their rows, and call `run` after its commit. */
    add: (tx: Queryable, names: readonly string[]): Promise<void> => schedule(tx, names, 0),

    /**
     * Deletes announced objects that no row refers to. If a transaction is about to keep them, waits for its row locks.
     */
    async abandon(names: readonly string[]): Promise<void> {
      const sql = "UPDATE files_to_remove SET due_at = now() WHERE name = ANY ($1)";
      // If this fails, the objects are deleted after the grace period.
      await db.query(sql, [names]).then(run, () => undefined);
    },

    run,
    stop: (): void => clearInterval(timer),
  };
}

export type DeferredDeletions = ReturnType<typeof createDeferredDeletions>;

import type { Logger } from "../../core/logger.ts";
import type { Queryable } from "../../db/pool.ts";
import type { Bucket } from "./bucket.ts";

export type DeferredDeletionsDeps = {
  db: Queryable;
  bucket: Pick<Bucket, "remove">;
  logger: Pick<Logger, "warn">;
  /** Until what failed, or was begun by an instance that is gone, is tried again. */
  retryMs: number;
  /** Longer than an upload can take from its first object to its commit. */
  graceMs: number;
};

const mostAtOnce = 20;

/**
 * Objects that are nobody's, or not yet somebody's. Each is named in a row from before it is written until it is
 * somebody's, and from when it no longer is until the bucket has removed it. So neither a bucket that is away, nor a
 * commit that nobody heard of, nor the end of this process leaves it there for ever.
 */
export function createDeferredDeletions({ db, bucket, logger, retryMs, graceMs }: DeferredDeletionsDeps) {
  let running = false;
  let again = false;

  const note = async (on: Queryable, names: readonly string[], inMs: number): Promise<void> => {
    const sql = `INSERT INTO files_to_remove (name, due_at)
                 SELECT name, now() + $2::float8 * interval '1 ms' FROM unnest($1::text[]) AS name`;
    await on.query(sql, [names, inMs]);
  };

  /** Says whether there may be more that is due. */
  const removeSome = async (): Promise<boolean> => {
    const claim = `UPDATE files_to_remove SET due_at = now() + $1::float8 * interval '1 ms'
                   WHERE name IN (SELECT name FROM files_to_remove WHERE due_at <= now()
                                  ORDER BY due_at LIMIT ${mostAtOnce} FOR UPDATE SKIP LOCKED) RETURNING name`;
    const names = (await db.query<{ name: string }>(claim, [retryMs])).map(({ name }) => name);
    const outcomes = await Promise.allSettled(names.map((name) => bucket.remove(name)));
    const gone = names.filter((_, index) => outcomes[index]?.status === "fulfilled");
    if (gone.length > 0) await db.query("DELETE FROM files_to_remove WHERE name = ANY ($1)", [gone]);
    const failed = outcomes.find((outcome) => outcome.status === "rejected");
    if (failed) logger.warn({ err: failed.reason }, "objects that nobody needs could not be removed yet");
    return failed === undefined && names.length === mostAtOnce;
  };

  const removeWhatIsDue = async (): Promise<void> => {
    running = true;
    do {
      again = false;
      // While Postgres is away it is all left for the next time.
      const more = await removeSome().catch(() => false);
      again ||= more;
    } while (again);
    running = false;
  };

  const run = (): void => {
    again = true;
    if (!running) void removeWhatIsDue();
  };

  const timer = setInterval(run, retryMs).unref();

  return {
    /** Before they are written. */
    announce: (names: readonly string[]): Promise<void> => note(db, names, graceMs),

    /** In the transaction that makes them somebody's. */
    async keep(tx: Queryable, names: readonly string[]): Promise<void> {
      await tx.query("DELETE FROM files_to_remove WHERE name = ANY ($1)", [names]);
    },

    /** In the transaction that makes them nobody's; `run` belongs behind its commit. */
    add: (tx: Queryable, names: readonly string[]): Promise<void> => note(tx, names, 0),

    /** What was announced, and is not kept: a commit that is still under way is waited for, and counts. */
    async giveUp(names: readonly string[]): Promise<void> {
      const sql = "UPDATE files_to_remove SET due_at = now() WHERE name = ANY ($1)";
      // Where this fails they are due after their time of grace.
      await db.query(sql, [names]).then(run, () => undefined);
    },

    run,
    stop: (): void => clearInterval(timer),
  };
}

export type DeferredDeletions = ReturnType<typeof createDeferredDeletions>;

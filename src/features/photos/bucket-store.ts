import { AppError } from "../../core/app-error.ts";
import type { Database } from "../../db/pool.ts";
import type { Bucket } from "./bucket.ts";
import type { DeferredDeletions } from "./deferred-deletions.ts";
import type { FileStore } from "./storage.ts";

export type BucketStoreDeps = { db: Database; bucket: Pick<Bucket, "put" | "get">; removals: DeferredDeletions };

/**
 * Files as objects of a bucket, and in the database only their names. An object is written before the row that names
 * it and removed after it, so that what goes wrong in between leaves an object too many and never one too few.
 */
export function createBucketStore({ db, bucket, removals }: BucketStoreDeps): FileStore {
  const isSomebodys = async (name: string): Promise<boolean> => {
    const text = "SELECT 1 FROM stored_files WHERE name = $1";
    try {
      return (await db.query({ name: "stored_file_name", text }, [name])).length > 0;
    } catch (error) {
      // While Postgres is away nobody deletes anything, and what was deleted before has most likely left the bucket.
      if (error instanceof AppError && error.code === "unavailable") return true;
      throw error;
    }
  };

  return {
    async put(files, commit) {
      const names = files.map(({ name }) => name);
      let kept = false;
      await removals.announce(names);
      // What fails here may arrive all the same, so it is given up only after its time of grace.
      await Promise.all(files.map(bucket.put));
      try {
        const result = await commit(async (tx) => {
          await tx.query("INSERT INTO stored_files (name) SELECT unnest($1::text[])", [names]);
          await removals.keep(tx, names);
          kept = true;
        });
        if (!kept) void removals.giveUp(names);
        return result;
      } catch (error) {
        void removals.giveUp(names);
        throw error;
      }
    },

    get: async (name, signal) => ((await isSomebodys(name)) ? bucket.get(name, signal) : undefined),

    async remove(tx, names) {
      if (names.length === 0) return;
      await tx.query("DELETE FROM stored_files WHERE name = ANY ($1)", [names]);
      await removals.add(tx, names);
      tx.afterCommit(removals.run);
    },
  };
}

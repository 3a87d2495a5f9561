import { AppError } from "../../../core/errors/app-error.ts";
import type { Database } from "../../../db/pool.ts";
import type { Bucket } from "./bucket.ts";
import type { DeferredDeletions } from "./deferred-deletions.ts";
import type { FileStore } from "./storage.ts";

export type BucketStoreDeps = { db: Database; bucket: Pick<Bucket, "put" | "get">; deletions: DeferredDeletions };

/**
 * Stores files as objects of a bucket and their names in Postgres. An object is written before its row and deleted after
 * it, so that a failure between both leaves an unused object, never a row without its object.
 */
export function createBucketStore({ db, bucket, deletions }: BucketStoreDeps): FileStore {
  const isReferenced = async (name: string): Promise<boolean> => {
    const text = "SELECT 1 FROM stored_files WHERE name = $1";
    try {
      return (await db.query({ name: "stored_file_name", text }, [name])).length > 0;
    } catch (error) {
      // While Postgres is unavailable, images are served without this check: deleted files are rarely still in the bucket.
      if (error instanceof AppError && error.code === "unavailable") return true;
      throw error;
    }
  };

  return {
    async put(files, commit) {
      const names = files.map(({ name }) => name);
      let isRecorded = false;
      await deletions.announce(names);
      // If an upload fails here, its objects are deleted after the grace period, because they may still reach the
      // bucket.
      await Promise.all(files.map((file) => bucket.put(file)));
      try {
        const result = await commit(async (tx) => {
          await tx.query("INSERT INTO stored_files (name) SELECT unnest($1::text[])", [names]);
          await deletions.keep(tx, names);
          isRecorded = true;
        });
        if (!isRecorded) void deletions.abandon(names);
        return result;
      } catch (error) {
        void deletions.abandon(names);
        throw error;
      }
    },

    get: async (name, signal) => ((await isReferenced(name)) ? bucket.get(name, signal) : undefined),

    async remove(tx, names) {
      if (names.length === 0) return;
      await tx.query("DELETE FROM stored_files WHERE name = ANY ($1)", [names]);
      await deletions.add(tx, names);
      tx.afterCommit(deletions.run);
    },
  };
}

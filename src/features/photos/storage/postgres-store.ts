import type { Database } from "../../../db/pool.ts";
import type { FileStore } from "./storage.ts";

/** Stores files in Postgres, in the transaction of the row that names them. */
export const createPostgresStore = (db: Database): FileStore => ({
  put: (files, commit) =>
    commit(async (tx) => {
      for (const { name, bytes } of files) {
        await tx.query("INSERT INTO stored_files (name, bytes) VALUES ($1, $2)", [name, bytes]);
      }
    }),

  async get(name) {
    const text = "SELECT bytes FROM stored_files WHERE name = $1";
    return (await db.query<{ bytes: Buffer | null }>({ name: "stored_file", text }, [name]))[0]?.bytes ?? undefined;
  },

  async remove(tx, names) {
    if (names.length === 0) return;
    await tx.query("DELETE FROM stored_files WHERE name = ANY ($1)", [names]);
  },
});

import type { Queryable } from "../../db/pool.ts";

export const avatars = {
  /** Sets the avatar. Returns a list with the name of the replaced file, if any, which the caller has to delete. */
  async replace(db: Queryable, userId: string, file: string | null): Promise<string[]> {
    const select = "SELECT avatar_file AS file FROM users WHERE id = $1 FOR UPDATE";
    const [before] = await db.query<{ file: string | null }>(select, [userId]);
    await db.query("UPDATE users SET avatar_file = $2, updated_at = now() WHERE id = $1", [userId, file]);
    return before?.file ? [before.file] : [];
  },
};

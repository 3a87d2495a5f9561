import type { Role } from "../../core/role.ts";
import type { Queryable } from "../../db/pool.ts";
import { type ListPage, type PageRequest, readList } from "../../db/read-list.ts";

/** A user as administrators see it. */
export type ManagedUser = { id: string; email: string; name: string; role: Role; active: boolean; createdAt: Date };

export type UserFilter = {
  role?: Role | undefined;
  active?: boolean | undefined;
  email?: string | undefined;
  q?: string | undefined;
};

const columns = `id, email, name, role, active, created_at AS "createdAt"`;

export const managedUsers = {
  list(db: Queryable, { role, active, email, q }: UserFilter, page: PageRequest): Promise<ListPage<ManagedUser>> {
    const where = [
      ["active = ?", active],
      ["role = ?", role],
      ["email = ?", email],
    ] as const;
    return readList<ManagedUser>(
      db,
      { columns, table: "users", where, search: { text: q, in: ["name", "email"] } },
      page,
    );
  },

  async find(db: Queryable, id: string): Promise<ManagedUser | undefined> {
    return (await db.query<ManagedUser>(`SELECT ${columns} FROM users WHERE id = $1`, [id]))[0];
  },

  async lock(tx: Queryable, id: string): Promise<ManagedUser | undefined> {
    return (await tx.query<ManagedUser>(`SELECT ${columns} FROM users WHERE id = $1 FOR NO KEY UPDATE`, [id]))[0];
  },

  /** Locks the rows of all active administrators, so that concurrent changes of them wait, and returns their ids. */
  async lockAdmins(tx: Queryable): Promise<string[]> {
    const sql = "SELECT id FROM users WHERE role = 'admin' AND active ORDER BY id FOR NO KEY UPDATE";
    return (await tx.query<{ id: string }>(sql)).map(({ id }) => id);
  },

  async update(tx: Queryable, { id, role, active }: Pick<ManagedUser, "id" | "role" | "active">): Promise<void> {
    await tx.query("UPDATE users SET role = $2, active = $3, updated_at = now() WHERE id = $1", [id, role, active]);
  },
};

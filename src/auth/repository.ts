import { AppError } from "../core/errors/app-error.ts";
import { timeOfId, uuidv7 } from "../core/ids.ts";
import type { Role } from "../core/role.ts";
import { onConstraint } from "../db/driver-errors.ts";
import type { Queryable } from "../db/pool.ts";

export type User = {
  id: string;
  email: string;
  emailVerified: boolean;
  /** The new address of the account, which replaces `email` when it is verified. */
  pendingEmail: string | null;
  name: string;
  role: Role;
  avatarUrl: string | null;
  createdAt: Date;
};
export type NewUser = { email: string; name: string; passwordHash: string; role?: Role; emailVerified?: boolean };
export type UserWithPassword = User & { passwordHash: string; active: boolean };

const columns = `id, email, email_verified_at IS NOT NULL AS "emailVerified", pending_email AS "pendingEmail", name, role,
  '/uploads/' || avatar_file AS "avatarUrl", created_at AS "createdAt"`;
const withPassword = `${columns}, password_hash AS "passwordHash", active`;

export const users = {
  async insert(db: Queryable, { email, name, passwordHash, role = "member", emailVerified = false }: NewUser) {
    const sql = `INSERT INTO users (id, email, name, password_hash, role, email_verified_at)
                 VALUES ($1, $2, $3, $4, $5, CASE WHEN $6 THEN now() END) RETURNING ${columns}`;
    const [inserted] = await db
      .query<User>(sql, [uuidv7(), email, name, passwordHash, role, emailVerified])
      .catch(
        onConstraint(
          "users_email_key",
          () => new AppError("conflict", "An account with this email address already exists."),
        ),
      );
    if (inserted === undefined) throw new Error("The insert returned no row.");
    return inserted;
  },

  async byEmail(db: Queryable, email: string): Promise<UserWithPassword | undefined> {
    return (await db.query<UserWithPassword>(`SELECT ${withPassword} FROM users WHERE email = $1`, [email]))[0];
  },

  async byId(db: Queryable, id: string): Promise<UserWithPassword | undefined> {
    const text = `SELECT ${withPassword} FROM users WHERE id = $1`;
    return (await db.query<UserWithPassword>({ name: "user", text, isShort: true }, [id]))[0];
  },

  async activeById(db: Queryable, id: string): Promise<UserWithPassword | undefined> {
    const user = await users.byId(db, id);
    return user?.active ? user : undefined;
  },

  /** Locks the account until the transaction ends. */
  async lock(tx: Queryable, id: string): Promise<UserWithPassword | undefined> {
    await tx.query("SELECT FROM users WHERE id = $1 FOR UPDATE", [id]);
    return users.byId(tx, id);
  },

  /** Returns the active account that waits for the verification of this address. If there are several, the newest. */
  async awaitingVerification(db: Queryable, email: string): Promise<User | undefined> {
    const sql = `SELECT ${columns} FROM users
                 WHERE active AND (pending_email = $1 OR (email = $1 AND email_verified_at IS NULL))
                 ORDER BY email = $1 DESC, updated_at DESC LIMIT 1`;
    return (await db.query<User>(sql, [email]))[0];
  },

  async changeProfile(
    tx: Queryable,
    id: string,
    { name, pendingEmail }: { name: string; pendingEmail: string | null },
  ): Promise<User | undefined> {
    const sql = `UPDATE users SET name = $2, pending_email = $3, updated_at = clock_timestamp()
                 WHERE id = $1 RETURNING ${columns}`;
    return (await tx.query<User>(sql, [id, name, pendingEmail]))[0];
  },

  /** Marks the present address as verified, or replaces it by the pending one. Returns false if `email` is neither. */
  async verifyEmail(tx: Queryable, id: string, email: string): Promise<boolean> {
    const sql = `UPDATE users SET email = $2, email_verified_at = now(), updated_at = clock_timestamp(),
                   pending_email = nullif(pending_email, $2)
                 WHERE id = $1 AND active AND $2 IN (email, pending_email) RETURNING id`;
    return (await tx.query(sql, [id, email])).length > 0;
  },

  /**
   * Also marks the address as verified, and cancels a pending change of address, which another person may have begun.
   */
  async resetPassword(tx: Queryable, id: string, passwordHash: string): Promise<void> {
    const sql = `UPDATE users SET password_hash = $2, pending_email = NULL,
                   email_verified_at = coalesce(email_verified_at, now()), updated_at = clock_timestamp() WHERE id = $1`;
    await tx.query(sql, [id, passwordHash]);
  },

  /** Returns false if `oldHash` is no longer stored: of two concurrent changes only one succeeds. */
  async changePassword(db: Queryable, id: string, oldHash: string, newHash: string): Promise<boolean> {
    const sql = `UPDATE users SET password_hash = $3, pending_email = NULL, updated_at = now()
                 WHERE id = $1 AND password_hash = $2 AND active RETURNING id`;
    return (await db.query(sql, [id, oldHash, newHash])).length > 0;
  },

  /**
   * Returns whether the account is unchanged since it was read for a login, so that the new session is valid. Waits for
   * a transaction that is changing the account.
   */
  async mayKeepSession(
    db: Queryable,
    { id, passwordHash, role }: Pick<UserWithPassword, "id" | "passwordHash" | "role">,
    sessionId: string,
  ): Promise<boolean> {
    const sql = `SELECT id FROM users WHERE id = $1 AND password_hash = $2 AND role = $3 AND active
                 AND (sessions_valid_from IS NULL OR date_trunc('milliseconds', sessions_valid_from) <= $4) FOR SHARE`;
    return (await db.query(sql, [id, passwordHash, role, timeOfId(sessionId)])).length > 0;
  },

  /**
   * Activates or deactivates an account and returns the user's id. A trigger ends the sessions of a deactivated
   * account.
   */
  async setActive(db: Queryable, email: string, active: boolean): Promise<string | undefined> {
    const sql = "UPDATE users SET active = $2, updated_at = now() WHERE email = $1 RETURNING id";
    return (await db.query<{ id: string }>(sql, [email, active]))[0]?.id;
  },

  /** Returns the user's id. A trigger ends the sessions of a user who is no longer an administrator. */
  async setRole(db: Queryable, email: string, role: Role): Promise<string | undefined> {
    const sql = "UPDATE users SET role = $2, updated_at = now() WHERE email = $1 RETURNING id";
    return (await db.query<{ id: string }>(sql, [email, role]))[0]?.id;
  },
};

import { uuidv7 } from "../../core/ids.ts";
import type { Queryable } from "../../db/pool.ts";
import { createToken, hashToken } from "../account-mail/account-tokens.ts";

export type Registration = { id: string; email: string; name: string; passwordHash: string };

const validHours = 24;

const columns = `id, email, name, password_hash AS "passwordHash"`;

/** Registrations with `SIGN_UP=verified`. A registration becomes an account when the link in its mail is followed. */
export const registrations = {
  async insert(tx: Queryable, { email, name, passwordHash }: Omit<Registration, "id">): Promise<string> {
    await tx.query("DELETE FROM registrations WHERE expires_at < now()");
    const id = uuidv7();
    const sql = `INSERT INTO registrations (id, email, name, password_hash, expires_at)
                 VALUES ($1, $2, $3, $4, now() + make_interval(hours => ${validHours}))`;
    await tx.query(sql, [id, email, name, passwordHash]);
    return id;
  },

  /** Returns the unconfirmed registrations of this address, the newest first. */
  byEmail: (db: Queryable, email: string): Promise<{ id: string; hasToken: boolean }[]> =>
    db.query(
      `SELECT id, token_hash IS NOT NULL AS "hasToken" FROM registrations
       WHERE email = $1 AND expires_at > now() ORDER BY id DESC`,
      [email],
    ),

  async addressOf(db: Queryable, id: string): Promise<string | undefined> {
    return (await db.query<{ email: string }>("SELECT email FROM registrations WHERE id = $1", [id]))[0]?.email;
  },

  /** Gives the registration a new token. Returns the token and the address of the registration. */
  async renewToken(db: Queryable, id: string): Promise<{ email: string; token: string; hours: number } | undefined> {
    const { token, hash } = createToken();
    const sql = `UPDATE registrations SET token_hash = $2, expires_at = now() + make_interval(hours => ${validHours})
                 WHERE id = $1 AND expires_at > now() RETURNING email`;
    const [found] = await db.query<{ email: string }>(sql, [id, hash]);
    return found && { ...found, token, hours: validHours };
  },

  /**
   * Returns the registration of a token, and deletes all registrations of its address. Of several concurrent requests
   * with one token, only one gets the registration.
   */
  async take(tx: Queryable, token: string): Promise<Registration | undefined> {
    const sql = `DELETE FROM registrations WHERE token_hash = $1 AND expires_at > now() RETURNING ${columns}`;
    const [taken] = await tx.query<Registration>(sql, [hashToken(token)]);
    if (taken !== undefined) await tx.query("DELETE FROM registrations WHERE email = $1", [taken.email]);
    return taken;
  },
};

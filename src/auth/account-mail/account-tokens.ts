import { createHash, randomBytes } from "node:crypto";
import { AppError } from "../../core/errors/app-error.ts";
import type { Queryable } from "../../db/pool.ts";

export type TokenPurpose = "reset-password" | "verify-email";

/** How long the link in a mail works, from the delivery of the mail. */
export const tokenMinutes = { "reset-password": 30, "verify-email": 24 * 60 } as const;

/** Creates the secret of a link. Only its hash is stored. It has 256 random bits, so a fast hash is enough. */
export function createToken(): { token: string; hash: string } {
  const token = randomBytes(32).toString("base64url");
  return { token, hash: hashToken(token) };
}

export const hashToken = (token: string): string => createHash("sha256").update(token).digest("base64url");

/** Deliberately does not disclose which of the reasons applies. */
export const linkNotValid = () =>
  new AppError("bad_request", "This link is not valid: it has expired, was used, or was replaced. Ask for a new mail.");

export type AccountToken = { userId: string; email: string };

export const accountTokens = {
  /** Stores a new token and returns it. A repeated delivery of the same mail replaces the token. */
  async create(
    db: Queryable,
    { id, userId, email }: AccountToken & { id: string },
    purpose: TokenPurpose,
  ): Promise<string> {
    const { token, hash } = createToken();
    await db.query("DELETE FROM account_tokens WHERE expires_at < now()");
    const sql = `INSERT INTO account_tokens (id, user_id, purpose, email, token_hash, expires_at)
                 VALUES ($1, $2, $3, $4, $5, now() + make_interval(mins => $6))
                 ON CONFLICT (id) DO UPDATE SET token_hash = excluded.token_hash, expires_at = excluded.expires_at`;
    await db.query(sql, [id, userId, purpose, email, hash, tokenMinutes[purpose]]);
    return token;
  },

  async find(db: Queryable, token: string, purpose: TokenPurpose): Promise<AccountToken | undefined> {
    const sql = `SELECT user_id AS "userId", email FROM account_tokens
                 WHERE token_hash = $1 AND purpose = $2 AND expires_at > now()`;
    return (await db.query<AccountToken>(sql, [hashToken(token), purpose]))[0];
  },

  /** Deletes the token and returns its account. Of several concurrent requests with one token, only one succeeds. */
  async take(tx: Queryable, token: string, purpose: TokenPurpose): Promise<AccountToken> {
    const sql = `DELETE FROM account_tokens WHERE token_hash = $1 AND purpose = $2 AND expires_at > now()
                 RETURNING user_id AS "userId", email`;
    const [taken] = await tx.query<AccountToken>(sql, [hashToken(token), purpose]);
    if (taken === undefined) throw linkNotValid();
    return taken;
  },

  /**
   * Deletes the reset tokens of an account. Verification tokens are kept until they expire, because `countOthers`
   * limits the mails to an address by them. `verifyEmail` refuses a token whose address the account no longer has.
   */
  async revokeResets(tx: Queryable, userId: string): Promise<void> {
    await tx.query("DELETE FROM account_tokens WHERE user_id = $1 AND purpose = 'reset-password'", [userId]);
  },

  /**
   * Returns the number of other tokens of the account or of the address, whichever is larger. The token with this id is
   * not counted, because an earlier attempt to deliver the same mail may have created it.
   */
  async countOthers(
    db: Queryable,
    { id, userId, email }: AccountToken & { id: string },
    purpose: TokenPurpose,
  ): Promise<number> {
    const sql = `SELECT greatest(count(*) FILTER (WHERE user_id = $2), count(*) FILTER (WHERE email = $3))::int AS count
                 FROM account_tokens
                 WHERE id <> $1 AND (user_id = $2 OR email = $3) AND purpose = $4 AND expires_at > now()`;
    return (await db.query<{ count: number }>(sql, [id, userId, email, purpose]))[0]?.count ?? 0;
  },
};

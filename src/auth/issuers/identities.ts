import { uuidv7 } from "../../core/ids.ts";
import type { Role } from "../../core/role.ts";
import type { Database, Queryable } from "../../db/pool.ts";
import { noRequest, recordAuditEntry } from "../audit/audit-trail.ts";

export type Identity = { issuer: string; subject: string };
export type IdentityUser = { userId: string; role: Role; active: boolean };

export async function findIdentity(db: Queryable, { issuer, subject }: Identity): Promise<IdentityUser | undefined> {
  const sql = {
    name: "identity-user",
    text: `SELECT users.id AS "userId", role, active FROM identities JOIN users ON users.id = user_id
           WHERE issuer = $1 AND subject = $2`,
  };
  return (await db.query<IdentityUser>(sql, [issuer, subject]))[0];
}

/**
 * Creates the user of an identity. The user gets a generated address under `.invalid`, which receives no mail. An
 * address in the token is ignored, so that a token can neither open nor reserve the account of that address.
 */
export async function createIdentityUser(
  db: Database,
  { issuer, subject }: Identity,
  user: { name: string; role: Role; passwordHash: string },
): Promise<IdentityUser | undefined> {
  const id = uuidv7();
  await db.transaction(async (tx) => {
    await tx.query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", [`identity ${issuer} ${subject}`]);
    if ((await findIdentity(tx, { issuer, subject })) !== undefined) return;
    await tx.query("INSERT INTO users (id, email, name, role, password_hash) VALUES ($1, $2, $3, $4, $5)", [
      id,
      `${id}@issuer.invalid`,
      user.name,
      user.role,
      user.passwordHash,
    ]);
    await tx.query("INSERT INTO identities (issuer, subject, user_id) VALUES ($1, $2, $3)", [issuer, subject, id]);
  });
  return findIdentity(db, { issuer, subject });
}

/** Stores the role that the token gives, with an entry in the audit trail. */
export async function changeRole(db: Database, userId: string, role: Role, issuer: string): Promise<void> {
  await db.transaction(async (tx) => {
    const sql = "UPDATE users SET role = $2, updated_at = now() WHERE id = $1 AND role <> $2 RETURNING id";
    if ((await tx.query(sql, [userId, role])).length === 0) return;
    await recordAuditEntry(tx, noRequest, {
      action: "role_changed",
      targetId: userId,
      details: { to: role, issuer },
    });
  });
}

export async function isActiveUser(db: Queryable, id: string): Promise<boolean> {
  return (await db.query("SELECT FROM users WHERE id = $1 AND active", [id])).length > 0;
}

import { AppError } from "../../core/errors/app-error.ts";
import { uuidv7 } from "../../core/ids.ts";
import type { Role } from "../../core/role.ts";
import type { Queryable, Transaction } from "../../db/pool.ts";
import type { Outbox } from "../../mail/outbox.ts";
import { createToken, hashToken } from "../account-mail/account-tokens.ts";
import type { Letter } from "../account-mail/letter.ts";
import type { Language } from "../account-mail/texts/texts.ts";
import { users } from "../repository.ts";

export type Invitation = { id: string; email: string; role: Role; createdAt: Date; expiresAt: Date };

export type NewInvitation = { email: string; role: Role; invitedBy: string; language: Language };

const validDays = 7;

const columns = `id, email, role, created_at AS "createdAt", expires_at AS "expiresAt"`;

/**
 * An invitation is valid only while its sender is an active administrator. Otherwise former administrators could regain
 * the role with an invitation that they have sent to another address of theirs.
 */
const validCondition = `accepted_at IS NULL AND expires_at > now()
  AND invited_by IN (SELECT id FROM users WHERE role = 'admin' AND active)`;

/**
 * Invitations that administrators send. An invitation works for one registration with the address that it was sent to.
 */
export const invitations = {
  /** Gives the invitation a new token. Returns the token and the address of the invitation. */
  async renewToken(db: Queryable, id: string): Promise<{ email: string; token: string; hours: number } | undefined> {
    const { token, hash } = createToken();
    const sql = `UPDATE invitations SET token_hash = $2, expires_at = now() + make_interval(days => ${validDays})
                 WHERE id = $1 AND ${validCondition} RETURNING email`;
    const [found] = await db.query<{ email: string }>(sql, [id, hash]);
    return found && { ...found, token, hours: validDays * 24 };
  },

  async find(db: Queryable, token: string): Promise<Invitation | undefined> {
    const sql = `SELECT ${columns} FROM invitations WHERE token_hash = $1 AND ${validCondition}`;
    return (await db.query<Invitation>(sql, [hashToken(token)]))[0];
  },

  /** Returns false if the invitation was accepted in the meantime. */
  async accept(tx: Queryable, id: string, userId: string): Promise<boolean> {
    const sql = `UPDATE invitations SET accepted_at = now(), accepted_by = $2, token_hash = NULL
                 WHERE id = $1 AND ${validCondition} RETURNING id`;
    return (await tx.query(sql, [id, userId])).length > 0;
  },
};

/**
 * Invites a person by mail. Earlier invitations to the same address are deleted, because their role may have been a
 * mistake. The caller must have locked the administrators and checked that the sender is one of them.
 */
export async function invite(
  tx: Transaction,
  outbox: Outbox<Letter>,
  { email, role, invitedBy, language }: NewInvitation,
): Promise<Invitation> {
  outbox.assertSendsMail();
  if ((await users.byEmail(tx, email)) !== undefined)
    throw new AppError("conflict", "An account with this email address already exists.");
  await tx.query("DELETE FROM invitations WHERE email = $1 AND accepted_at IS NULL", [email]);
  const sql = `INSERT INTO invitations (id, email, role, invited_by, expires_at)
               VALUES ($1, $2, $3, $4, now() + make_interval(days => ${validDays})) RETURNING ${columns}`;
  const [invitation] = await tx.query<Invitation>(sql, [uuidv7(), email, role, invitedBy]);
  if (invitation === undefined) throw new Error("The insert returned no row.");
  await outbox.add(tx, { kind: "invitation", language, invitationId: invitation.id });
  return invitation;
}

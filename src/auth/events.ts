import { uuidv7 } from "../core/ids.ts";
import type { Queryable } from "../db/pool.ts";
import type { ListPage, PageRequest } from "../db/read-list.ts";
import type { Language } from "./account-mail/texts/texts.ts";

export const eventTypes = [
  "registered",
  "login_succeeded",
  "login_failed",
  "logged_out",
  "refresh_reused",
  "password_changed",
  "password_change_failed",
  "session_revoked",
  "other_sessions_revoked",
  "api_key_created",
  "api_key_revoked",
  "deletion_failed",
  "email_change_requested",
  "email_changed",
  "email_verified",
  "password_reset",
] as const;

export type EventType = (typeof eventTypes)[number];

/** The client of a request, recorded with each security event. `language` is the language of mails to its user. */
export type ClientInfo = { requestId: string; address: string; device: string; language: Language };

export type SecurityEvent = {
  id: string;
  type: EventType;
  at: Date;
  requestId: string;
  address: string | null;
  device: string | null;
};

export async function recordEvent(
  db: Queryable,
  type: EventType,
  userId: string,
  { requestId, address, device }: ClientInfo,
): Promise<void> {
  const sql =
    "INSERT INTO security_events (id, user_id, type, request_id, address, device) VALUES ($1, $2, $3, $4, $5, $6)";
  await db.query(sql, [uuidv7(), userId, type, requestId, address, device]);
}

/**
 * Returns the seconds until the account may have another event of this type, if it had `maxPerDay` of them in the last
 * 24 hours; otherwise 0.
 */
export async function secondsUntilEventAllowed(
  tx: Queryable,
  type: EventType,
  userId: string,
  maxPerDay: number,
): Promise<number> {
  const sql = `SELECT ceil(extract(epoch FROM created_at + interval '1 day' - now()))::int AS seconds FROM security_events
               WHERE user_id = $1 AND type = $2 AND id > $3 ORDER BY id DESC OFFSET $4 LIMIT 1`;
  const since = uuidv7(Date.now() - 86_400_000);
  const [oldest] = await tx.query<{ seconds: number }>(sql, [userId, type, since, maxPerDay - 1]);
  return Math.max(oldest?.seconds ?? 0, 0);
}

/** Lists security events, newest first. */
export async function listEvents(
  db: Queryable,
  userId: string,
  { below, take }: PageRequest,
): Promise<ListPage<SecurityEvent>> {
  const sql = `SELECT id, type, created_at AS at, request_id AS "requestId", address, device FROM security_events
               WHERE user_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3`;
  return { items: await db.query<SecurityEvent>(sql, [userId, below, take]), stoppedAt: undefined };
}

import { AppError } from "../../core/errors/app-error.ts";
import { timeOfId } from "../../core/ids.ts";
import type { Role } from "../../core/role.ts";
import type { Queryable } from "../../db/pool.ts";
import type { SessionCaller } from "../../http/access.ts";
import { type UserWithPassword, users } from "../repository.ts";

// The session state in Postgres: enough to check a session without Redis, and to restore revocations that Redis has
// lost. A cut-off (`users.sessions_valid_from`) revokes all sessions of the user that started before it, except
// `session_kept`. Cut-offs and the time in a session's id come from the clock of the database, in whole milliseconds.

/**
 * Returns the start time of a new session: never before the cut-off, even if the clock of a former primary was ahead.
 */
export async function sessionStart(db: Queryable, userId: string): Promise<Date> {
  const sql = "SELECT greatest(clock_timestamp(), sessions_valid_from) AS start FROM users WHERE id = $1";
  const [row] = await db.query<{ start: Date }>(sql, [userId]);
  if (row === undefined) throw new AppError("unauthorized", "This account does not exist.");
  return row.start;
}

/** Returns the user's role, or undefined if the user is not active or the session is revoked. */
export async function activeRole(db: Queryable, userId: string, sessionId: string): Promise<Role | undefined> {
  const sql = {
    name: "session-active-role",
    text: `SELECT role FROM users WHERE id = $1 AND active
           AND (sessions_valid_from IS NULL OR date_trunc('milliseconds', sessions_valid_from) <= $3 OR session_kept = $2)
           AND NOT EXISTS (SELECT FROM session_revocations WHERE session_id = $2)`,
    isShort: true,
  };
  return (await db.query<{ role: Role }>(sql, [userId, sessionId, timeOfId(sessionId)]))[0]?.role;
}

/**
 * Locks the user's row until the transaction ends. Throws 401 if the session has ended since the request was
 * authenticated, for example by a password reset that held the lock.
 */
export async function lockUserOf({ userId, sessionId }: SessionCaller, tx: Queryable): Promise<UserWithPassword> {
  const user = await users.lock(tx, userId);
  if (user !== undefined && (await activeRole(tx, userId, sessionId)) !== undefined) return user;
  throw new AppError("unauthorized", "This session has ended.");
}

/** Records revocations, and deletes those whose sessions would have expired by now. */
export async function recordRevocations(
  db: Queryable,
  userId: string,
  sessionIds: readonly string[],
  keepSeconds: number,
): Promise<void> {
  if (sessionIds.length === 0) return;
  await db.query("DELETE FROM session_revocations WHERE expires_at < now()");
  await db.query(
    `INSERT INTO session_revocations (session_id, user_id, expires_at)
     SELECT id, $2, now() + make_interval(secs => $3) FROM unnest($1::uuid[]) AS id ON CONFLICT DO NOTHING`,
    [sessionIds, userId, keepSeconds],
  );
}

/** Revokes all sessions that started before now except `keptId`, including sessions that are missing in Redis. */
export async function revokeAllBefore(db: Queryable, userId: string, keptId: string | null): Promise<void> {
  const sql = `UPDATE users SET sessions_valid_from = date_trunc('milliseconds', clock_timestamp()), session_kept = $2
               WHERE id = $1`;
  await db.query(sql, [userId, keptId]);
}

export type LiveRevocation = {
  at: Date;
  userId: string;
  /** Null for a cut-off, which revokes all sessions that started before `at` except `keptId`. */
  sessionId: string | null;
  keptId: string | null;
};

const pageSize = 1000;
const livePage = `
  SELECT at, at::text AS "exactAt", id, "userId", "sessionId", "keptId"
  FROM (SELECT revoked_at AS at, session_id AS id, user_id AS "userId", session_id AS "sessionId", NULL::uuid AS "keptId"
        FROM session_revocations WHERE expires_at > now()
        UNION ALL
        SELECT sessions_valid_from, id, id, NULL, session_kept
        FROM users WHERE sessions_valid_from > now() - make_interval(secs => $3)) AS live
  WHERE (at, id) < ($1::timestamptz, $2::uuid) ORDER BY at DESC, id DESC LIMIT ${pageSize}`;

/** Yields pages of all revocations and cut-offs whose sessions may still exist, newest first. */
export async function* liveRevocations(db: Queryable, keepSeconds: number): AsyncGenerator<LiveRevocation[]> {
  let lastRow = { exactAt: "infinity", id: "ffffffff-ffff-ffff-ffff-ffffffffffff" };
  for (;;) {
    const page = await db.query<LiveRevocation & typeof lastRow>(livePage, [lastRow.exactAt, lastRow.id, keepSeconds]);
    if (page.length > 0) yield page;
    const lastOfPage = page.at(-1);
    if (lastOfPage === undefined || page.length < pageSize) return;
    lastRow = lastOfPage;
  }
}

/**
 * Returns recent cut-offs that keep no session: those of deactivations, also of accounts that are active again, of lost
 * administrator roles, and of password resets.
 */
export function recentDeactivations(db: Queryable, withinSeconds: number): Promise<{ userId: string; at: Date }[]> {
  return db.query(
    `SELECT id AS "userId", sessions_valid_from AS at FROM users
     WHERE session_kept IS NULL AND sessions_valid_from > clock_timestamp() - make_interval(secs => $1)`,
    [withinSeconds],
  );
}

import { AppError } from "../core/errors/app-error.ts";
import type { Database, Queryable, Transaction } from "./pool.ts";

export type StoredResponse = { status: number; headers: Readonly<Record<string, string>>; body: string };

/** `fingerprint` identifies the content of the request. */
export type IdempotentRequest = { userId: string; key: string; fingerprint: string };

/**
 * Does the work and stores its response in one transaction. A retry with the same key gets the stored response, from any
 * instance, also if the first instance crashed before it responded.
 */
export async function runIdempotent<Answer extends StoredResponse>(
  db: Database,
  attempt: IdempotentRequest,
  work: (tx: Transaction) => Promise<Answer>,
): Promise<Answer | StoredResponse> {
  return db.transaction(async (tx) => {
    // In one round trip, and in this order, so that the second statement reads what the last holder of the lock committed.
    const [, stored] = await Promise.all([lockKey(tx, attempt), find(tx, attempt)]);
    if (stored !== undefined) {
      await waitForReplicas(tx, attempt);
      return stored;
    }
    const answer = await work(tx);
    await storeAndCommit(tx, attempt, answer);
    return answer;
  });
}

/** Locks the key until the transaction ends. */
async function lockKey(tx: Queryable, { userId, key }: IdempotentRequest): Promise<void> {
  const sql = {
    name: "idempotency-lock",
    text: 'SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0)) AS "isLocked"',
  };
  const [lock] = await tx.query<{ isLocked: boolean }>(sql, [`idempotency ${userId} ${key}`]);
  if (lock?.isLocked !== true) {
    throw new AppError("conflict", "A request with this Idempotency-Key is in progress. Retry later.", {
      retryAfterSeconds: 1,
    });
  }
}

/**
 * Must be a separate statement after `lockKey`. In the same statement, the snapshot could be older than the response that
 * the last holder of the lock stored.
 */
async function find(
  tx: Queryable,
  { userId, key, fingerprint }: IdempotentRequest,
): Promise<StoredResponse | undefined> {
  const sql = {
    name: "idempotency-find",
    text: `SELECT fingerprint, status, headers, body FROM idempotency_keys
           WHERE user_id = $1 AND key = $2 AND created_at > now() - interval '1 day'`,
  };
  const [stored] = await tx.query<StoredResponse & { fingerprint: string }>(sql, [userId, key]);
  if (stored === undefined) return undefined;
  if (stored.fingerprint === fingerprint) return { status: stored.status, headers: stored.headers, body: stored.body };
  throw new AppError("unprocessable", "This Idempotency-Key was used for a different request.", {
    errors: [
      { path: "Idempotency-Key", message: "was used for a different request; create a new key for each request" },
    ],
  });
}

/**
 * The commit of the stored response may have timed out while it waited for a standby. The response is then visible, but
 * would be lost if the standby took over. Locking the row writes WAL, so that this transaction commits only when the
 * standby has the response as well.
 */
async function waitForReplicas(tx: Queryable, { userId, key }: IdempotentRequest): Promise<void> {
  await tx.query("SELECT FROM idempotency_keys WHERE user_id = $1 AND key = $2 FOR UPDATE", [userId, key]);
}

async function storeAndCommit(
  tx: Transaction,
  { userId, key, fingerprint }: IdempotentRequest,
  answer: StoredResponse,
): Promise<void> {
  const sql = {
    name: "idempotency-store",
    text: `INSERT INTO idempotency_keys (user_id, key, fingerprint, status, headers, body)
           VALUES ($1, $2, $3, $4, $5, $6)
           ON CONFLICT (user_id, key) DO UPDATE SET fingerprint = excluded.fingerprint, status = excluded.status,
             headers = excluded.headers, body = excluded.body, created_at = now()`,
  };
  const values = [userId, key, fingerprint, answer.status, JSON.stringify(answer.headers), answer.body];
  await tx.queryAndCommit(sql, values);
}

/** Deletes expired keys, except those in rows that other instances have locked. */
export async function pruneKeys(db: Queryable): Promise<void> {
  await db.query(`DELETE FROM idempotency_keys WHERE (user_id, key) IN (
    SELECT user_id, key FROM idempotency_keys WHERE created_at < now() - interval '1 day'
    ORDER BY created_at LIMIT 1000 FOR UPDATE SKIP LOCKED)`);
}

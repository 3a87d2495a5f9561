import { AppError } from "../core/app-error.ts";
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
    // In one round trip, and in this order: the second statement sees what the previous holder of the key committed.
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
    text: "SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0)) AS mine",
  };
  const [claimed] = await tx.query<{ mine: boolean }>(sql, [`idempotency ${userId} ${key}`]);
  if (claimed?.mine !== true) {
    throw new AppError("conflict", "A request with this Idempotency-Key is in progress. Retry later.", {
      retryAfterSeconds: 1,
    });
  }
}

/** A separate statement after `lockKey`: in a shared one, the snapshot could be older than the response of the previous holder. */
async function find(
  tx: Queryable,
  { userId, key, fingerprint }: IdempotentRequest,
): Promise<StoredResponse | undefined> {
  const sql = {
    name: "idempotency-find",
    text: `SELECT fingerprint, status, headers, body FROM idempotency_keys
           WHERE user_id = $1 AND key = $2 AND created_at > now() - interval '1 day'`,
  };
  const [kept] = await tx.query<StoredResponse & { fingerprint: string }>(sql, [userId, key]);
  if (kept === undefined) return undefined;
  if (kept.fingerprint === fingerprint) return { status: kept.status, headers: kept.headers, body: kept.body };
  throw new AppError("unprocessable", "This Idempotency-Key was used for a different request.", {
    errors: [
      { path: "Idempotency-Key", message: "was used for a different request; create a new key for each request" },
    ],
  });
}

/**
 * A commit that timed out while it waited for a standby is visible, and lost if the standby takes over. Locking its row
 * writes WAL, so that this transaction commits only once the standby has both.
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

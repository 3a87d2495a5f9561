import { AppError } from "../core/app-error.ts";
import type { Database, Queryable, Transaction } from "./pool.ts";

/** An answer as it is kept. */
export type StoredResponse = { status: number; headers: Readonly<Record<string, string>>; body: string };

/** Names one attempt of a caller, and what was asked for. */
export type IdempotentRequest = { userId: string; key: string; fingerprint: string };

/**
 * Does the work and keeps its answer in one transaction: whoever comes again with the key gets that answer, also from
 * another instance, and also where the first one died before it could give it.
 */
export async function runIdempotent<Answer extends StoredResponse>(
  db: Database,
  attempt: IdempotentRequest,
  work: (tx: Transaction) => Promise<Answer>,
): Promise<Answer | StoredResponse> {
  return db.transaction(async (tx) => {
    await claim(tx, attempt);
    const stored = await find(tx, attempt);
    if (stored !== undefined) return stored;
    const answer = await work(tx);
    await store(tx, attempt, answer);
    return answer;
  });
}

/** Held until the transaction ends, by whatever end. */
async function claim(tx: Queryable, { userId, key }: IdempotentRequest): Promise<void> {
  const sql = "SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0)) AS mine";
  const [claimed] = await tx.query<{ mine: boolean }>(sql, [`idempotency ${userId} ${key}`]);
  if (claimed?.mine !== true) {
    throw new AppError("conflict", "A request with this Idempotency-Key is being worked on; ask again in a moment.", {
      retryAfterSeconds: 1,
    });
  }
}

/** A statement of its own after the claim: one snapshot for both could be older than the answer of who went before. */
async function find(
  tx: Queryable,
  { userId, key, fingerprint }: IdempotentRequest,
): Promise<StoredResponse | undefined> {
  const sql = `SELECT fingerprint, status, headers, body FROM idempotency_keys
               WHERE user_id = $1 AND key = $2 AND created_at > now() - interval '1 day'`;
  const [kept] = await tx.query<StoredResponse & { fingerprint: string }>(sql, [userId, key]);
  if (kept === undefined) return undefined;
  if (kept.fingerprint === fingerprint) return { status: kept.status, headers: kept.headers, body: kept.body };
  throw new AppError("unprocessable", "This Idempotency-Key was used for another request.", {
    errors: [{ path: "Idempotency-Key", message: "was used for another request; make a new one for each" }],
  });
}

async function store(
  tx: Queryable,
  { userId, key, fingerprint }: IdempotentRequest,
  answer: StoredResponse,
): Promise<void> {
  const sql = `INSERT INTO idempotency_keys (user_id, key, fingerprint, status, headers, body)
               VALUES ($1, $2, $3, $4, $5, $6)
               ON CONFLICT (user_id, key) DO UPDATE SET fingerprint = excluded.fingerprint, status = excluded.status,
                 headers = excluded.headers, body = excluded.body, created_at = now()`;
  await tx.query(sql, [userId, key, fingerprint, answer.status, JSON.stringify(answer.headers), answer.body]);
}

/** Rows that others are at are left to the next. */
export async function pruneKeys(db: Queryable): Promise<void> {
  await db.query(`DELETE FROM idempotency_keys WHERE (user_id, key) IN (
    SELECT user_id, key FROM idempotency_keys WHERE created_at < now() - interval '1 day'
    ORDER BY created_at LIMIT 1000 FOR UPDATE SKIP LOCKED)`);
}

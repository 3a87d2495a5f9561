import type { IncomingMessage } from "node:http";
import { pruneKeys, runIdempotent } from "../db/idempotency.ts";
import type { Database, Transaction } from "../db/pool.ts";
import type { AuthenticateCaller, Caller } from "../http/access.ts";
import { idempotencyKeyOf } from "../http/input/idempotency-key.ts";
import type { Pager } from "../http/pagination.ts";
import { type CompleteReply, completeReply, type Reply } from "../http/responses.ts";

/** The arguments of the routes of every feature. */
export type Api = { authenticate: AuthenticateCaller; page: Pager; create: Create };

/** A request to create something. The parsed body is part of the fingerprint of its Idempotency-Key. */
type Creation = { request: IncomingMessage; caller: Caller; params: unknown; body: unknown };

/** Runs the creation in one transaction. With an Idempotency-Key, a repeated request returns the stored response. */
export type Create = (creation: Creation, work: (tx: Transaction) => Promise<CompleteReply>) => Promise<Reply>;

export const createOnce =
  (db: Database): Create =>
  async ({ request, caller, params, body }, work) => {
    const attempt = idempotencyKeyOf(request, params, body);
    if (attempt === undefined) return db.transaction(work);
    const stored = await runIdempotent(db, { userId: caller.userId, ...attempt }, async (tx) => {
      const { status, headers, body: text } = await work(tx);
      return { status, headers, body: text.toString() };
    });
    if (Math.random() < pruneProbability) void pruneKeys(db).catch(() => undefined);
    return completeReply(stored.status, stored.headers, stored.body);
  };

/** One creation in a hundred also deletes all expired keys. */
const pruneProbability = 0.01;

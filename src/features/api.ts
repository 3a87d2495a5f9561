import type { IncomingMessage } from "node:http";
import { pruneKeys, runIdempotent } from "../db/idempotency.ts";
import type { Database, Transaction } from "../db/pool.ts";
import { idempotencyKeyOf } from "../http/idempotency-key.ts";
import type { AuthenticateCaller, Caller } from "../http/operation.ts";
import type { Pager } from "../http/pagination.ts";
import { type Reply, type WholeReply, whole } from "../http/responses.ts";

/** What the routes of every feature stand on. */
export type Api = { authenticate: AuthenticateCaller; page: Pager; create: Create };

/** What a create is for: `content` is the body as understood, by which a repeated request is known. */
type Creation = { request: IncomingMessage; caller: Caller; params: unknown; body: unknown };

/** Runs a create in one transaction, and where the caller sent an Idempotency-Key only once. */
export type Create = (creation: Creation, work: (tx: Transaction) => Promise<WholeReply>) => Promise<Reply>;

export const createOnce =
  (db: Database): Create =>
  async ({ request, caller, params, body }, work) => {
    const attempt = idempotencyKeyOf(request, params, body);
    if (attempt === undefined) return db.transaction(work);
    const answer = await runIdempotent(db, { userId: caller.userId, ...attempt }, async (tx) => {
      const { status, headers, body: text } = await work(tx);
      return { status, headers, body: text.toString() };
    });
    if (Math.random() < pruneShare) void pruneKeys(db).catch(() => undefined);
    return whole(answer.status, answer.headers, answer.body);
  };

/** One create in a hundred takes away what is older than a day. */
const pruneShare = 0.01;

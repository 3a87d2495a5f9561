import type { SendOptions } from "pg-boss";
import type { Queryable, Statements } from "../db/pool.ts";

/** The interface through which pg-boss runs its statements. */
type QueueDatabase = NonNullable<SendOptions["db"]>;

const transactionText = /^\s*BEGIN;(.*)COMMIT;\s*$/s;

/**
 * Lets pg-boss use the pool of the server, so that the queue takes no connections of its own and works behind a pooler.
 * pg-boss sends a transaction as one text from `BEGIN` to `COMMIT`. A transaction of the pool replaces it, because a
 * failure in the middle would leave a pooled connection inside a failed transaction.
 */
export const createQueueDatabase = (db: Statements): QueueDatabase => ({
  async executeSql(text, values = []) {
    const inner = transactionText.exec(text)?.[1];
    if (inner === undefined) return { rows: await db.query(text, values) };
    return { rows: await db.transaction((tx) => tx.query(inner)) };
  },
});

/** Lets pg-boss add a job in the transaction of the caller. */
export const inTransaction = (tx: Queryable): QueueDatabase => ({
  executeSql: async (text, values = []) => ({ rows: await tx.query(text, values) }),
});

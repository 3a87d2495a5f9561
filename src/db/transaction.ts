import type { Client } from "pg";
import type { Tracer } from "../core/tracer.ts";
import { breaksConnection, throwUnconfirmed, wrapDriverError } from "./driver-errors.ts";
import { capabilityOf, type Queryable, runStatement, type Sql } from "./statement.ts";
import { statementSpan } from "./statement-span.ts";

export type Transaction = Queryable & {
  /** Runs the last statement of the transaction, and commits in the same round trip. */
  queryAndCommit(sql: Sql, values?: readonly unknown[]): Promise<void>;
  /** Runs the hook after a successful commit. The hook must not throw. */
  afterCommit(hook: () => void): void;
};

/** Runs the work between BEGIN and COMMIT. The hooks of the work are added to `afterCommitHooks`. */
export async function inTransaction<T>(
  client: Client,
  tracer: Tracer,
  work: (tx: Transaction) => Promise<T>,
  afterCommitHooks: (() => void)[],
): Promise<T> {
  const control = (text: string) => tracer.leaf(statementSpan(text), () => client.query(text).catch(wrapDriverError));
  const commit = () => control("COMMIT").catch(throwUnconfirmed);
  const begun = control("BEGIN");
  begun.catch(() => undefined);
  let committed: Promise<unknown> | undefined;
  const query: Queryable["query"] = async (sql, values) => {
    // Reads are sent without waiting for the answer to BEGIN. Changes wait: if BEGIN failed, they would commit on their
    // own.
    if (capabilityOf(sql) === "write") await begun;
    return runStatement(client, tracer, sql, values);
  };
  const queryAndCommit: Transaction["queryAndCommit"] = async (sql, values) => {
    await begun;
    // If the statement fails, Postgres rolls back at COMMIT.
    const last = runStatement(client, tracer, sql, values).catch(throwUnconfirmed);
    committed = commit();
    await Promise.all([last, committed]);
  };
  try {
    const result = await work({ query, queryAndCommit, afterCommit: (hook) => afterCommitHooks.push(hook) });
    await begun;
    await (committed ?? commit());
    return result;
  } catch (error) {
    // If ROLLBACK fails as well, the connection is closed, and Postgres rolls back.
    if (!breaksConnection(error)) await control("ROLLBACK");
    throw error;
  }
}

import type pg from "pg";

/** What a connection is for: its name in pg_stat_activity, and the limits that Postgres applies to it. */
export type SessionSettings = {
  applicationName: string;
  statementTimeoutMs: number;
  idleTransactionTimeoutMs?: number | undefined;
  lockTimeoutMs?: number | undefined;
  /** The limit for a server that does not respond; by default a little more than that of a statement. */
  queryTimeoutMs?: number | undefined;
};

export function sessionOptions(settings: SessionSettings): pg.ClientConfig {
  const { applicationName, statementTimeoutMs, idleTransactionTimeoutMs, lockTimeoutMs, queryTimeoutMs } = settings;
  return {
    application_name: applicationName,
    statement_timeout: statementTimeoutMs,
    // Postgres cancels a statement first. This limit is for a server that does not respond.
    query_timeout: queryTimeoutMs ?? statementTimeoutMs + 500,
    idle_in_transaction_session_timeout: idleTransactionTimeoutMs,
    lock_timeout: lockTimeoutMs,
    keepAlive: true,
  };
}

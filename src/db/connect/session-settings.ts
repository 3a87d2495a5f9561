import type pg from "pg";

export type Pooler = "none" | "transaction";

/** The purpose of a connection: its name in pg_stat_activity, and the limits that Postgres applies to it. */
export type SessionSettings = {
  applicationName: string;
  statementTimeoutMs: number;
  idleTransactionTimeoutMs?: number | undefined;
  lockTimeoutMs?: number | undefined;
  /** The limit for a server that does not respond; by default a little more than that of a statement. */
  queryTimeoutMs?: number | undefined;
};

/** Postgres cancels a statement first. This limit is for a server that does not respond. */
export const queryLimitMs = ({ queryTimeoutMs, statementTimeoutMs }: SessionSettings): number =>
  queryTimeoutMs ?? statementTimeoutMs + 500;

/** A pooler rejects limits in the startup message, because its sessions of Postgres exist already. */
export function sessionOptions(settings: SessionSettings, pooler: Pooler): pg.ClientConfig {
  const { applicationName, statementTimeoutMs, idleTransactionTimeoutMs, lockTimeoutMs } = settings;
  return {
    application_name: applicationName,
    keepAlive: true,
    ...(pooler === "none" && {
      statement_timeout: statementTimeoutMs,
      idle_in_transaction_session_timeout: idleTransactionTimeoutMs,
      lock_timeout: lockTimeoutMs,
    }),
  };
}

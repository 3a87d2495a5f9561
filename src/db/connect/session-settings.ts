import type pg from "pg";

export type Pooler = "none" | "transaction";

/** The purpose of a connection: its name in pg_stat_activity, and the limits that Postgres applies to it. */
export type SessionSettings = {
  applicationName: string;
  statementTimeoutMs: number;
  idleTransactionTimeoutMs?: number | undefined;
  lockTimeoutMs?: number | undefined;
  /** The limit for a server that does not respond; by default a little longer than `statementTimeoutMs`. */
  queryTimeoutMs?: number | undefined;
  /** Statements are sent without waiting for the answers to earlier ones. */
  pipelined?: boolean | undefined;
  /** The caller limits the time of each statement itself. */
  callerLimitsQueries?: boolean | undefined;
};

/** Returns the limit for a server that does not respond. It is longer than the limit at which Postgres cancels a statement. */
export const queryLimitMs = ({
  queryTimeoutMs,
  statementTimeoutMs,
}: Pick<SessionSettings, "queryTimeoutMs" | "statementTimeoutMs">): number =>
  queryTimeoutMs ?? statementTimeoutMs + 500;

/** Returns the options of the startup message. Behind a pooler they contain no limits, because poolers reject them. */
export function sessionOptions(settings: SessionSettings, pooler: Pooler): pg.ClientConfig {
  const { applicationName, statementTimeoutMs, idleTransactionTimeoutMs, lockTimeoutMs, pipelined } = settings;
  return {
    application_name: applicationName,
    keepAlive: true,
    pipeline: pipelined === true,
    ...(pooler === "none" && {
      statement_timeout: statementTimeoutMs,
      idle_in_transaction_session_timeout: idleTransactionTimeoutMs,
      lock_timeout: lockTimeoutMs,
    }),
  };
}

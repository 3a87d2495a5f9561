import pg, { type PoolClient, type QueryResultRow } from "pg";
import { AppError } from "../core/app-error.ts";
import { createConcurrencyLimiter } from "../core/concurrency-limiter.ts";
import { breaksConnection, isRetryableConflict, toDomainError, wrapDriverError } from "./driver-errors.ts";

export type PostgresLimits = {
  url: string;
  poolMax: number;
  connectTimeoutMs: number;
  statementTimeoutMs: number;
  idleTransactionTimeoutMs: number;
};

/** Runs statements. A statement with a name is prepared once for each connection. */
export type Queryable = {
  query<Row extends QueryResultRow>(sql: Sql, values?: readonly unknown[]): Promise<Row[]>;
};

export type Sql = string | { name: string; text: string };

export type Transaction = Queryable & {
  /** Runs the hook after a successful commit. The hook must not throw. */
  afterCommit(hook: () => void): void;
};

export type Database = Queryable & {
  transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T>;
  /** The same connections behind a different guard. */
  withGuard(protect: Protect): Queryable;
  counts(): { total: number; idle: number; waiting: number };
  close(): Promise<void>;
};

/** Runs a call, usually through a circuit breaker. */
export type Protect = <T>(work: () => Promise<T>) => Promise<T>;

/** Options for the connections of the pool and of the health checks. */
export function connectionOptions(limits: Omit<PostgresLimits, "poolMax">, applicationName: string): pg.ClientConfig {
  return {
    connectionString: limits.url,
    application_name: applicationName,
    connectionTimeoutMillis: limits.connectTimeoutMs,
    statement_timeout: limits.statementTimeoutMs,
    // Postgres cancels a statement first. This limit is for a server that does not respond.
    query_timeout: limits.statementTimeoutMs + 500,
    idle_in_transaction_session_timeout: limits.idleTransactionTimeoutMs,
    keepAlive: true,
  };
}

export function createDatabase(limits: PostgresLimits, protect: Protect): Database {
  const pool = new pg.Pool({
    ...connectionOptions(limits, "haven"),
    max: limits.poolMax,
    idleTimeoutMillis: 30_000,
    maxLifetimeSeconds: 1800,
  });
  // Without these listeners, a broken connection would end the process. The pool replaces it.
  pool.on("error", () => undefined);
  pool.on("connect", (client) => client.on("error", () => undefined));
  const limiter = createConcurrencyLimiter({
    maxConcurrent: limits.poolMax,
    maxWaitMs: limits.connectTimeoutMs,
    maxQueued: limits.poolMax * 50,
    onRejected: () => new AppError("overloaded", "All database connections are in use.", { retryAfterSeconds: 1 }),
  });

  const withClient = async <T>(work: (client: PoolClient) => Promise<T>, guard = protect): Promise<T> => {
    const run = async () => {
      const client = await pool.connect().catch(wrapDriverError);
      try {
        const result = await work(client);
        client.release();
        return result;
      } catch (error) {
        client.release(breaksConnection(error));
        throw error;
      }
    };
    // The guard comes first, so that no call waits for a connection while the breaker is open.
    return guard(() => limiter.run(run));
  };

  const withGuard = (guard: Protect): Queryable => ({
    query: <Row extends QueryResultRow>(sql: Sql, values?: readonly unknown[]) =>
      withClient((client) => runStatement<Row>(client, sql, values), guard).catch(throwDomainError),
  });

  return {
    ...withGuard(protect),
    withGuard,
    async transaction(work) {
      for (let attempt = 1; ; attempt += 1) {
        const afterCommitHooks: (() => void)[] = [];
        try {
          const result = await withClient((client) => inTransaction(client, work, afterCommitHooks));
          for (const hook of afterCommitHooks) hook();
          return result;
        } catch (error) {
          if (!isRetryableConflict(error) || attempt === maxAttempts) throwDomainError(error);
        }
      }
    },
    counts: () => ({ total: pool.totalCount, idle: pool.idleCount, waiting: limiter.queued() }),
    close: () => pool.end(),
  };
}

function throwDomainError(error: unknown): never {
  throw toDomainError(error);
}

async function runStatement<Row extends QueryResultRow>(
  client: PoolClient,
  sql: Sql,
  values: readonly unknown[] = [],
): Promise<Row[]> {
  const statement = typeof sql === "string" ? { text: sql } : sql;
  const result = await client.query<Row>({ ...statement, values: [...values] }).catch(wrapDriverError);
  return result.rows;
}

/** Postgres ends a deadlock by rolling one transaction back, which is then retried. */
const maxAttempts = 3;

async function inTransaction<T>(
  client: PoolClient,
  work: (tx: Transaction) => Promise<T>,
  afterCommitHooks: (() => void)[],
): Promise<T> {
  await client.query("BEGIN").catch(wrapDriverError);
  try {
    const query: Queryable["query"] = (sql, values) => runStatement(client, sql, values);
    const result = await work({ query, afterCommit: (tell) => afterCommitHooks.push(tell) });
    await client.query("COMMIT").catch(wrapDriverError);
    return result;
  } catch (error) {
    // If ROLLBACK fails as well, the connection is closed, and Postgres rolls back.
    if (!breaksConnection(error)) await client.query("ROLLBACK").catch(wrapDriverError);
    throw error;
  }
}

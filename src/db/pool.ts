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

/** Runs statements. A named one is prepared once for each connection. */
export type Queryable = {
  query<Row extends QueryResultRow>(sql: Sql, values?: readonly unknown[]): Promise<Row[]>;
};

export type Sql = string | { name: string; text: string };

export type Transaction = Queryable & {
  /** For what others may hear of only once it has happened. It must not throw. */
  afterCommit(hook: () => void): void;
};

export type Database = Queryable & {
  transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T>;
  /** The same connections, and another guard before them. */
  withGuard(protect: Protect): Queryable;
  counts(): { total: number; idle: number; waiting: number };
  close(): Promise<void>;
};

/** A breaker stands here. */
export type Protect = <T>(work: () => Promise<T>) => Promise<T>;

/** What every connection of ours has in common, the pool's and the health check's alike. */
export function connectionOptions(limits: Omit<PostgresLimits, "poolMax">, applicationName: string): pg.ClientConfig {
  return {
    connectionString: limits.url,
    application_name: applicationName,
    connectionTimeoutMillis: limits.connectTimeoutMs,
    statement_timeout: limits.statementTimeoutMs,
    // The server ends a statement first; this is for a server that no longer says anything.
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
  // A connection that breaks, idle or in use, fails its statement and is replaced; without listeners it ends the process.
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
    // The breaker comes first: while it is open nobody waits for a place.
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

/** Two transactions that wait for each other are parted by the server, which ends one of them. */
const maxAttempts = 3;

async function inTransaction<T>(
  client: PoolClient,
  work: (tx: Transaction) => Promise<T>,
  afterCommitHooks: (() => void)[],
): Promise<T> {
  await client.query("BEGIN").catch(wrapDriverError);
  try {
    const query: Queryable["query"] = (sql, values) => runStatement(client, sql, values);
    const done = await work({ query, afterCommit: (tell) => afterCommitHooks.push(tell) });
    await client.query("COMMIT").catch(wrapDriverError);
    return done;
  } catch (error) {
    // Where this fails too, the connection is thrown away and the server rolls back on its own.
    if (!breaksConnection(error)) await client.query("ROLLBACK").catch(wrapDriverError);
    throw error;
  }
}

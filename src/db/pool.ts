import type { Client, QueryResultRow } from "pg";
import { AppError } from "../core/app-error.ts";
import { createConcurrencyLimiter } from "../core/concurrency-limiter.ts";
import type { StoreCapability } from "../core/store-capability.ts";
import { noTracer, type Tracer } from "../core/tracer.ts";
import { createConnectionPool } from "./connect/connection-pool.ts";
import { type Connector, createConnector, type PostgresSource } from "./connect/connector.ts";
import { breaksConnection, isRetryableConflict, toDomainError, wrapDriverError } from "./driver-errors.ts";
import { capabilityOfStatement } from "./statement-capability.ts";
import { statementSpan } from "./statement-span.ts";

export type PostgresLimits = PostgresSource & {
  poolMax: number;
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

/** Single statements and transactions. */
export type Statements = Queryable & {
  transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T>;
};

export type Database = Statements & {
  /** Returns an interface to the same connections whose calls run through a different guard. */
  withGuard(protect: Protect): Statements;
  /** Closes every connection that is open now before its next use, because it may lead to a failed server. */
  retireConnections(): void;
  counts(): { total: number; idle: number; waiting: number };
  close(): Promise<void>;
};

/** Runs a call, usually through the circuit breaker of the capability. */
export type Protect = <T>(work: () => Promise<T>, capability: StoreCapability) => Promise<T>;

/** The server's limit as a share of ours, so that Postgres cancels a slow statement before this process closes the connection. */
const serverShareOfLimit = 0.9;

/** Commits that wait for a standby hold their connections. Without this share they would hold all, and reads would fail. */
const shareReservedForReads = 0.25;

export function createDatabase(
  limits: PostgresLimits,
  protect: Protect,
  connector: Connector = createConnector(limits),
  tracer: Tracer = noTracer,
): Database {
  const pool = createConnectionPool({
    open: () =>
      connector.open({
        ...limits,
        applicationName: "haven",
        statementTimeoutMs: Math.ceil(limits.statementTimeoutMs * serverShareOfLimit),
        // Also limits a commit that waits for a standby, to which the limits of Postgres do not apply.
        queryTimeoutMs: limits.statementTimeoutMs,
      }),
    idleTimeoutMs: 30_000,
    maxLifetimeMs: 1_800_000,
  });
  const limitTo = (maxConcurrent: number) =>
    createConcurrencyLimiter({
      maxConcurrent,
      maxWaitMs: limits.connectTimeoutMs,
      maxQueued: limits.poolMax * 50,
      rejectionError: () =>
        new AppError("overloaded", "All database connections are in use.", { retryAfterSeconds: 1 }),
      measureWait: (wait) => tracer.span(queueSpan, wait),
    });
  const limiter = limitTo(limits.poolMax);
  const writeLimiter = limitTo(limits.poolMax - Math.floor(limits.poolMax * shareReservedForReads));

  const withClient = async <T>(
    work: (client: Client) => Promise<T>,
    capability: StoreCapability,
    guard: Protect,
  ): Promise<T> => {
    const run = async () => {
      const acquire = () => pool.acquire().catch(wrapDriverError);
      const connection = await (pool.counts().idle > 0 ? acquire() : tracer.span(connectSpan, acquire));
      try {
        const result = await work(connection.client);
        connection.release();
        return result;
      } catch (error) {
        connection.release(breaksConnection(error));
        throw error;
      }
    };
    const runLimited = () => limiter.run(run);
    // The guard comes first, so that no call waits for a connection while the breaker is open.
    return guard(capability === "write" ? () => writeLimiter.run(runLimited) : runLimited, capability);
  };

  const withGuard = (guard: Protect): Statements => ({
    query: <Row extends QueryResultRow>(sql: Sql, values?: readonly unknown[]) =>
      withClient((client) => runStatement<Row>(client, tracer, sql, values), capabilityOf(sql), guard).catch(
        throwDomainError,
      ),
    async transaction(work) {
      for (let attempt = 1; ; attempt += 1) {
        const afterCommitHooks: (() => void)[] = [];
        try {
          const result = await withClient(
            (client) => inTransaction(client, tracer, work, afterCommitHooks),
            "write",
            guard,
          );
          for (const hook of afterCommitHooks) hook();
          return result;
        } catch (error) {
          if (!isRetryableConflict(error) || attempt === maxAttempts) throwDomainError(error);
          tracer.event("retry of the transaction", { attempt });
        }
      }
    },
  });

  return {
    ...withGuard(protect),
    withGuard,
    retireConnections: pool.retire,
    counts: () => ({ ...pool.counts(), waiting: limiter.queued() + writeLimiter.queued() }),
    close: () => pool.end(),
  };
}

const queueSpan = { name: "wait for a free place at postgres" };
const connectSpan = { name: "connect to postgres" };

const capabilityOf = (sql: Sql): StoreCapability => capabilityOfStatement(typeof sql === "string" ? sql : sql.text);

function throwDomainError(error: unknown): never {
  throw toDomainError(error);
}

async function runStatement<Row extends QueryResultRow>(
  client: Client,
  tracer: Tracer,
  sql: Sql,
  values: readonly unknown[] = [],
): Promise<Row[]> {
  const statement = typeof sql === "string" ? { text: sql } : sql;
  const run = () => client.query<Row>({ ...statement, values: [...values] }).catch(wrapDriverError);
  const result = await tracer.span(statementSpan(statement.text), run);
  // A text of several statements has several results, of which the last one is returned.
  return [result].flat().at(-1)?.rows ?? [];
}

/** Postgres ends a deadlock by rolling one transaction back, which is then retried. */
const maxAttempts = 3;

async function inTransaction<T>(
  client: Client,
  tracer: Tracer,
  work: (tx: Transaction) => Promise<T>,
  afterCommitHooks: (() => void)[],
): Promise<T> {
  const control = (text: string) => tracer.span(statementSpan(text), () => client.query(text).catch(wrapDriverError));
  await control("BEGIN");
  try {
    const query: Queryable["query"] = (sql, values) => runStatement(client, tracer, sql, values);
    const result = await work({ query, afterCommit: (tell) => afterCommitHooks.push(tell) });
    await control("COMMIT");
    return result;
  } catch (error) {
    // If ROLLBACK fails as well, the connection is closed, and Postgres rolls back.
    if (!breaksConnection(error)) await control("ROLLBACK");
    throw error;
  }
}

import type { Client, QueryResultRow } from "pg";
import { AppError } from "../core/errors/app-error.ts";
import { createConcurrencyLimiter } from "../core/limits/concurrency-limiter.ts";
import type { StoreCapability } from "../core/store-capability.ts";
import { startWait } from "../core/timing/waits.ts";
import { noTracer, type Tracer } from "../core/tracer.ts";
import { createConnectionPool } from "./connect/connection-pool.ts";
import { type Connector, createConnector, type PostgresSource } from "./connect/connector.ts";
import { createPipelinedConnections, pipelinedShareOf } from "./connect/pipelined-connections.ts";
import { queryLimitMs } from "./connect/session-settings.ts";
import {
  breaksConnection,
  isRetryableConflict,
  throwUnconfirmed,
  toDomainError,
  wrapDriverError,
} from "./driver-errors.ts";
import { capabilityOf, type Queryable, runStatement, type Sql } from "./statement.ts";
import { statementSpan } from "./statement-span.ts";
import { inTransaction, type Transaction } from "./transaction.ts";

export type { Queryable, Sql, Statement } from "./statement.ts";
export type { Transaction } from "./transaction.ts";

export type PostgresLimits = PostgresSource & {
  poolMax: number;
  statementTimeoutMs: number;
  idleTransactionTimeoutMs: number;
};

/** Single statements and transactions. */
export type Statements = Queryable & {
  transaction<T>(work: (tx: Transaction) => Promise<T>): Promise<T>;
};

export type Database = Statements & {
  /** Returns an interface to the same connections whose calls run through a different guard. */
  withGuard(protect: Protect): Statements;
  /** After this call, no connection that is open now is used again, because it may lead to a failed server. */
  retireConnections(): void;
  counts(): ConnectionCounts;
  close(): Promise<void>;
};

/** All but `pipelined` are about connections that run one statement at a time; `waiting` is the number of waiting calls. */
export type ConnectionCounts = { total: number; idle: number; max: number; waiting: number; pipelined: number };

/** Runs a call, usually through the circuit breaker of the capability. */
export type Protect = <T>(work: () => Promise<T>, capability: StoreCapability) => Promise<T>;

/**
 * The time limit in Postgres as a share of the limit in this process, so that Postgres cancels a slow statement before
 * this process closes the connection.
 */
const serverShareOfLimit = 0.9;

/**
 * The limit of a short read on a shared connection. A read that takes longer is run again on a connection of its own, with
 * the limit of the pool.
 */
const maxShortMs = 500;

/** The limit of a statement if the waits of its request have used up the limit, as a share of the limit. */
const minShareOfLimit = 0.1;

const idleTimeoutMs = 30_000;
const maxLifetimeMs = 1_800_000;

/**
 * The share of the connections that writes may not use, rounded up. Otherwise commits that wait for a standby could hold
 * all connections, and reads would fail. A smaller pool than `minPoolWithReserve` has none to spare. A share of 0.25 cost
 * 10 % of the writes per second.
 */
const shareReservedForReads = 0.1;
const minPoolWithReserve = 4;

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
        pipelined: true,
      }),
    idleTimeoutMs,
    maxLifetimeMs,
  });
  const createLimiter = (maxConcurrent: number) =>
    createConcurrencyLimiter({
      maxConcurrent,
      maxWaitMs: limits.connectTimeoutMs,
      maxQueued: limits.poolMax * 50,
      rejectionError: () =>
        new AppError("overloaded", "All database connections are in use.", { retryAfterSeconds: 1 }),
      measureWait: (wait) => tracer.span(queueSpan, wait),
    });
  const pipelinedMax = pipelinedShareOf(limits.poolMax);
  const exclusiveMax = limits.poolMax - pipelinedMax;
  const limiter = createLimiter(exclusiveMax);
  const reserved = limits.poolMax < minPoolWithReserve ? 0 : Math.ceil(limits.poolMax * shareReservedForReads);
  const writeLimiter = createLimiter(exclusiveMax - reserved);
  const shortLimitMs = Math.min(maxShortMs, limits.statementTimeoutMs);
  const pipelined = createPipelinedConnections({
    open: () =>
      connector.open({
        ...limits,
        applicationName: "haven",
        statementTimeoutMs: Math.ceil(shortLimitMs * serverShareOfLimit),
        pipelined: true,
        callerLimitsQueries: true,
      }),
    maxConnections: pipelinedMax,
    limitMs: shortLimitMs,
    idleTimeoutMs,
    maxLifetimeMs,
  });

  // The waits of a request count towards its limit, so that a client does not wait for a connection and then for the full
  // limit of the statement.
  const requestLimitMs = Math.max(queryLimitMs(limits), 2 * limits.connectTimeoutMs);

  const withClient = async <T>(work: (client: Client) => Promise<T>, capability: StoreCapability): Promise<T> => {
    const addWait = startWait();
    const remainingMs = () => Math.max(0, requestLimitMs - addWait());
    const run = async () => {
      const acquire = () => pool.acquire().catch(wrapDriverError);
      const connection = await (pool.counts().idle > 0 ? acquire() : tracer.span(connectSpan, acquire));
      connection.limitQueries(Math.max(remainingMs(), limits.statementTimeoutMs * minShareOfLimit));
      try {
        const result = await work(connection.client);
        connection.release();
        return result;
      } catch (error) {
        connection.release(breaksConnection(error));
        throw error;
      }
    };
    const queue = () => limiter.run(run, remainingMs());
    try {
      return await (capability === "write" ? writeLimiter.run(queue, remainingMs()) : queue());
    } catch (error) {
      addWait();
      throw error;
    }
  };

  // The guard comes first, so that no call waits for a connection while the breaker is open.
  const withGuard = (guard: Protect): Statements => ({
    query: <Row extends QueryResultRow>(sql: Sql, values: readonly unknown[] = []) => {
      const capability = capabilityOf(sql);
      const runOn = async (client: Client) => {
        const result = runStatement<Row>(client, tracer, sql, values);
        return capability === "read" ? result : result.catch(throwUnconfirmed);
      };
      const runAlone = () => withClient(runOn, capability);
      if (pipelinedMax === 0 || typeof sql === "string" || sql.isShort !== true) {
        return guard(runAlone, capability).catch(throwDomainError);
      }
      const readPipelined = async () => {
        const addWait = startWait();
        const rows = await pipelined.read<Row>(sql, values);
        if (rows === undefined) addWait();
        return rows;
      };
      const run = async () => (await tracer.leaf(statementSpan(sql.text), readPipelined)) ?? (await runAlone());
      return guard(run, capability).catch(throwDomainError);
    },
    async transaction(work) {
      for (let attempt = 1; ; attempt += 1) {
        const afterCommitHooks: (() => void)[] = [];
        try {
          const run = () => withClient((client) => inTransaction(client, tracer, work, afterCommitHooks), "write");
          const result = await guard(run, "write");
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
    retireConnections() {
      pool.retire();
      pipelined.retire();
    },
    counts: () => ({
      ...pool.counts(),
      max: exclusiveMax,
      waiting: limiter.queued() + writeLimiter.queued(),
      pipelined: pipelined.total(),
    }),
    close: async () => void (await Promise.all([pool.end(), pipelined.end()])),
  };
}

const queueSpan = { name: "wait for a connection to postgres" };
const connectSpan = { name: "connect to postgres" };

function throwDomainError(error: unknown): never {
  throw toDomainError(error);
}

/** Postgres ends a deadlock by rolling one transaction back, which is then retried. */
const maxAttempts = 3;

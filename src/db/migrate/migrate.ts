import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { grantToRole } from "../app-role.ts";
import { type Connector, createConnector, type PostgresSource } from "../connect/connector.ts";
import { type Blocker, describeBlockers, withBlockersObserved } from "../lock-blockers.ts";
import {
  assertRepeatable,
  concurrentIndexOf,
  type Migration,
  MigrationError,
  readMigrations,
  runsOutsideTransaction,
  waitsWithoutBlocking,
} from "./migration-files.ts";
import { createHistory, pendingMigrations, readHistory, recordMigration } from "./migration-history.ts";

/** The number of the lock that lets one instance migrate at a time. It is arbitrary, but the same in all instances. */
const advisoryLock = 4_000_814_001;

/** While a statement waits for a table lock, all later requests for that table queue behind it. */
const defaultLockTimeoutMs = 2000;

/** During a pause, the requests that have queued are served. */
const defaultRetryPausesMs = [1000, 2000, 4000, 8000, 16_000, 30_000];

export type MigrateOptions = PostgresSource & {
  /** The time limit of one statement, and of all attempts to get a lock. */
  timeoutMs: number;
  /** A role that is granted the right to read and write rows. */
  grantTo?: string | undefined;
  migrations?: readonly Migration[];
  lockTimeoutMs?: number;
  pausesMs?: readonly number[];
  onProgress?: (message: string) => void;
  signal?: AbortSignal;
};

/**
 * Applies the pending migrations and returns their names. Consecutive migrations share one transaction, so that a failure
 * leaves the schema unchanged; a file that is marked to run outside a transaction is applied by itself. Concurrent runs
 * wait for each other.
 */
export async function migrate(options: MigrateOptions): Promise<string[]> {
  const allMigrations = options.migrations ?? (await readMigrations());
  for (const migration of allMigrations) assertRepeatable(migration);
  const connector = createConnector(options);
  const { client } = await connector.open({
    applicationName: migrateApplication,
    statementTimeoutMs: options.timeoutMs,
    queryTimeoutMs: options.timeoutMs + 1000,
  });
  try {
    const run: Run = { ...options, client, connector, allMigrations };
    const applied: string[] = [];
    for (;;) {
      const step = await retryWhileLocked(run, () => applyBatch(run));
      applied.push(...step.applied);
      if (step.next === undefined) return applied;
      const { next } = step;
      if (await retryWhileLocked(run, () => applyOutside(run, next))) applied.push(next.name);
    }
  } finally {
    await client.end();
  }
}

const migrateApplication = "haven-migrate";

type Run = MigrateOptions & {
  client: pg.Client;
  connector: Connector;
  allMigrations: readonly Migration[];
};

class LockNotAvailable extends Error {
  readonly migration: string;
  readonly blockers: readonly Blocker[];

  constructor(migration: string, blockers: readonly Blocker[]) {
    super(migration);
    this.migration = migration;
    this.blockers = blockers;
  }
}

/** Retries with growing pauses, in which the locks are released. */
async function retryWhileLocked<T>(run: Run, attempt: () => Promise<T>): Promise<T> {
  const pauses = run.pausesMs ?? defaultRetryPausesMs;
  const deadline = performance.now() + run.timeoutMs;
  for (let failedAttempts = 0; ; failedAttempts += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof LockNotAvailable)) throw error;
      const pauseMs = pauses[Math.min(failedAttempts, pauses.length - 1)] ?? 0;
      const blocked = describeBlockers(error.blockers);
      if (performance.now() + pauseMs > deadline || run.signal?.aborted) {
        const attempts = `${failedAttempts + 1} ${failedAttempts === 0 ? "attempt" : "attempts"}`;
        throw new MigrationError(`${error.migration}: a lock was not available in ${attempts}. ${blocked}`);
      }
      run.onProgress?.(`${error.migration}: a lock is not available; retrying in ${pauseMs / 1000} s. ${blocked}`);
      await sleep(pauseMs, undefined, run.signal && { signal: run.signal }).catch(() => undefined);
    }
  }
}

type Batch = { applied: string[]; next: Migration | undefined };

/** Applies, in one transaction, all migrations up to the first one that has to run outside a transaction. */
async function applyBatch(run: Run): Promise<Batch> {
  const { client, allMigrations } = run;
  const lock = "pg_try_advisory_xact_lock";
  await waitForTurn(run, async () => {
    await client.query("BEGIN");
    if (await tryLock(client, lock)) return true;
    await client.query("ROLLBACK");
    return false;
  });
  try {
    await client.query("SELECT set_config('lock_timeout', $1, true)", [lockTimeoutOf(run)]);
    await createHistory(client);
    const pending = pendingMigrations(allMigrations, await readHistory(client));
    const outside = pending.findIndex(runsOutsideTransaction);
    const batch = outside === -1 ? pending : pending.slice(0, outside);
    for (const migration of batch) {
      await execute(run, migration, async () => {
        await client.query(migration.sql);
        await recordMigration(client, migration);
      });
    }
    if (run.grantTo !== undefined) await grantToRole(client, run.grantTo);
    await client.query("COMMIT");
    return { applied: batch.map(({ name }) => name), next: outside === -1 ? undefined : pending[outside] };
  } catch (error) {
    await client.query("ROLLBACK").catch(() => undefined);
    throw error;
  }
}

/** Returns false if another instance has applied the migration in the meantime. */
async function applyOutside(run: Run, migration: Migration): Promise<boolean> {
  const { client } = run;
  if (run.pooler === "transaction") {
    throw new MigrationError(
      `${migration.name} runs outside a transaction and needs a session of its own, which a pooler does not give: run migrate with a DATABASE_URL that leads to Postgres itself, and without DB_POOLER.`,
    );
  }
  // A session lock, because the statement cannot run inside a transaction.
  await waitForTurn(run, () => tryLock(client, "pg_try_advisory_lock"));
  try {
    const pending = pendingMigrations(run.allMigrations, await readHistory(client));
    if (pending[0]?.name !== migration.name) return false;
    await dropInvalidIndex(client, migration);
    await client.query("SELECT set_config('lock_timeout', $1, false)", [
      waitsWithoutBlocking(migration) ? "0" : lockTimeoutOf(run),
    ]);
    try {
      // A prepared statement holds one statement only: several in one query would run in an implicit transaction.
      await execute(run, migration, () => client.query({ name: migration.name, text: migration.sql }));
    } catch (error) {
      await dropInvalidIndex(client, migration).catch(() => undefined);
      throw error;
    }
    await recordMigration(client, migration);
    return true;
  } finally {
    await client.query("SELECT pg_advisory_unlock($1)", [advisoryLock]).catch(() => undefined);
  }
}

/** Polls instead of waiting in a statement, because an open statement blocks CREATE INDEX CONCURRENTLY. */
async function waitForTurn(run: Run, attempt: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + run.timeoutMs;
  while (!(await attempt())) {
    run.signal?.throwIfAborted();
    if (performance.now() > deadline)
      throw new MigrationError("Another instance is still migrating. This run changed nothing.");
    await sleep(turnPollMs);
  }
}

const turnPollMs = 100;

async function tryLock(
  client: pg.Client,
  lockFunction: "pg_try_advisory_lock" | "pg_try_advisory_xact_lock",
): Promise<boolean> {
  const { rows } = await client.query<{ free: boolean }>(`SELECT ${lockFunction}($1) AS free`, [advisoryLock]);
  return rows[0]?.free === true;
}

async function dropInvalidIndex(client: pg.Client, migration: Migration): Promise<void> {
  const index = concurrentIndexOf(migration);
  if (index === undefined) return;
  const { rows } = await client.query("SELECT FROM pg_index WHERE indexrelid = to_regclass($1) AND NOT indisvalid", [
    index.name,
  ]);
  if (rows.length > 0) await client.query(`DROP INDEX CONCURRENTLY IF EXISTS ${index.name}`);
}

async function execute(run: Run, migration: Migration, work: () => Promise<unknown>): Promise<void> {
  let blockers: readonly Blocker[] = [];
  const { client, connector } = run;
  // Read for each migration, because behind a pooler each transaction may run in another session.
  const { rows } = await client.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
  const pid = rows[0]?.pid ?? 0;
  const intervalMs = (run.lockTimeoutMs ?? defaultLockTimeoutMs) / 4;
  const onBlocked = (current: readonly Blocker[]) => {
    if (waitsWithoutBlocking(migration) && blockers.length === 0)
      run.onProgress?.(`${migration.name}: waiting for older transactions. ${describeBlockers(current)}`);
    blockers = current;
  };
  await withBlockersObserved({ pid, connector, intervalMs, onBlocked }, work).catch((cause: unknown) => {
    if (cause instanceof pg.DatabaseError && retryableStates.has(cause.code ?? ""))
      throw new LockNotAvailable(migration.name, blockers);
    const changed = runsOutsideTransaction(migration) ? "failed" : "failed and nothing was changed";
    throw new MigrationError(`${migration.name} ${changed}: ${describeStatementError(cause)}`, { cause });
  });
}

/** lock_not_available and deadlock_detected: Postgres has rolled the attempt back. */
const retryableStates: ReadonlySet<string> = new Set(["55P03", "40P01"]);

const lockTimeoutOf = (run: Run): string => `${run.lockTimeoutMs ?? defaultLockTimeoutMs}`;

/** Messages about our own statements contain no secrets; messages about a connection may. */
function describeStatementError(error: unknown): string {
  return error instanceof pg.DatabaseError ? `${error.message} (SQLSTATE ${error.code})` : "the connection was lost.";
}

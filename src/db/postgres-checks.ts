import { randomUUID } from "node:crypto";
import pg from "pg";
import { CheckFailed } from "../core/errors/failure-reason.ts";
import { runOnSuspicion } from "../core/timing/run-on-suspicion.ts";
import { type CheckQuery, createCheckConnection } from "./check-connection.ts";
import { endGracefully } from "./connect/connection-pool.ts";
import type { Connector } from "./connect/connector.ts";
import { tablesOf } from "./migrate/migrated-tables.ts";
import type { Migration } from "./migrate/migration-files.ts";
import { assertTablesExist, assertTablesUsable } from "./table-check.ts";

export type PostgresChecksDeps = {
  connector: Connector;
  timeoutMs: number;
  migrations: readonly Pick<Migration, "name" | "sql">[];
  instance: string;
};

/** `name` is read from the server, because DATABASE_URL may set the name of the application. */
type Backend = { pid: number; name: string };

const selectOwn = "SELECT 1 FROM write_checks WHERE boot = $1";
const writeOwn = `
  INSERT INTO write_checks (boot, instance, at) VALUES ($1, $2, clock_timestamp())
  ON CONFLICT (boot) DO UPDATE SET at = excluded.at RETURNING pg_backend_pid() AS pid, current_setting('application_name') AS name`;
const deleteOld = `
  DELETE FROM write_checks WHERE boot IN (
    SELECT boot FROM write_checks WHERE at < now() - interval '1 day' LIMIT 100 FOR UPDATE SKIP LOCKED)`;
const countApplied = "SELECT count(*)::int AS applied FROM schema_migrations WHERE name = ANY($1)";

/** Sorts more rows than fit into `work_mem`, so that Postgres writes a temporary file. This writes no WAL. */
const spillToDisk = `
  SELECT count(*) FROM (SELECT i FROM generate_series(1, 20000) AS i ORDER BY md5(i::text)) AS sorted`;

/** Ends a backend of the write check. The name and the query are compared, because another backend may have its id now. */
const endBackend = `
  SELECT pg_terminate_backend(pid) FROM pg_stat_activity
  WHERE pid = $1 AND application_name = $2 AND usename = current_user AND query = 'COMMIT'`;

/** One write in a hundred deletes the rows of processes that ended long ago. */
const pruneShare = 0.01;

/**
 * Creates the functions that the checks of Postgres run. Reading and writing use separate connections, so that a commit
 * that waits does not delay a read.
 */
export function createPostgresChecks({ connector, timeoutMs, migrations, instance }: PostgresChecksDeps) {
  const migrationNames = migrations.map(({ name }) => name);
  const tables = tablesOf(migrations);
  const boot = randomUUID();
  let diskMayBeFull = false;
  let mustReconnect = false;
  /** The backend whose COMMIT has not returned yet. */
  let waitingCommit: Backend | undefined;
  const connection = { connector, statementTimeoutMs: timeoutMs };
  const reading = createCheckConnection({ ...connection, applicationName: "haven-health" });
  const writing = createCheckConnection({ ...connection, applicationName: "haven-health-write" });

  /**
   * Ends the backend of a commit that timed out. Postgres does not detect that the client has disconnected, so each check
   * would leave a backend behind that keeps the row locked.
   */
  const endWaitingCommit = async (signal: AbortSignal): Promise<void> => {
    if (waitingCommit === undefined) return;
    const { pid, name } = waitingCommit;
    await reading.use((query) => query(endBackend, [pid, name]), signal);
    waitingCommit = undefined;
  };

  return {
    /** Makes the next run of `write` test the disk. An update of the check's own row can succeed on a full disk. */
    suspectFullDisk(): void {
      diskMayBeFull = true;
    },

    async read(signal: AbortSignal): Promise<void> {
      await reading
        .use((query) => query(selectOwn, [boot]), signal)
        .catch((error: unknown) => {
          // The table is missing before the first migration. Postgres has answered, so the read has passed.
          if (!isUndefinedTable(error)) throw error;
        });
    },

    /** Writes and commits one row, as a request does. */
    async write(signal: AbortSignal): Promise<void> {
      let isCommitting = false;
      try {
        await endWaitingCommit(signal);
        if (mustReconnect) writing.drop();
        mustReconnect = false;
        await writing.use(async (query) => {
          await query("BEGIN");
          const [backend] = await query<Backend>(writeOwn, [boot, instance]);
          if (Math.random() < pruneShare) await query(deleteOld);
          if (diskMayBeFull) await assertFreeDisk(query);
          waitingCommit = backend;
          isCommitting = true;
          await query("COMMIT");
          waitingCommit = undefined;
          diskMayBeFull = false;
        }, signal);
      } catch (error) {
        // After a failover the address may lead to another server, and no open transaction may be left.
        writing.drop();
        if (isCommitting && signal.aborted) {
          endWaitingCommit(AbortSignal.timeout(timeoutMs)).catch(() => undefined);
          throw new CheckFailed("commit_stalled");
        }
        if (isCommitting) waitingCommit = undefined;
        throw isUndefinedTable(error) ? new CheckFailed("out_of_date") : error;
      }
    },

    /** Checks the tables after a request failed in a way that one table may have caused. */
    tables: runOnSuspicion((signal) =>
      reading.use(async (query) => {
        await assertTablesUsable(query);
        await assertTablesExist(query, tables);
      }, signal),
    ),

    /**
     * Checks that Postgres accepts a new connection. The other checks keep their connections, so they do not detect a
     * connection limit or a changed password.
     */
    connections: runOnSuspicion(async (signal) => {
      const opened = await connector.open({ applicationName: "haven-health", statementTimeoutMs: timeoutMs }, signal);
      endGracefully(opened);
    }),

    /** Makes the next run of `write` open a new connection. Only new connections show that a role or database became read-only. */
    renewWriting(): void {
      mustReconnect = true;
    },

    async schemaIsCurrent(signal: AbortSignal): Promise<boolean> {
      const count = reading.use((query) => query<{ applied: number }>(countApplied, [migrationNames]), signal);
      const rows = await count.catch((error: unknown) => {
        if (isUndefinedTable(error)) return [];
        throw error;
      });
      return rows[0]?.applied === migrationNames.length;
    },

    close(): void {
      reading.close();
      writing.close();
    },
  };
}

async function assertFreeDisk(query: CheckQuery): Promise<void> {
  await query("SET LOCAL work_mem = '64kB'");
  await query(spillToDisk);
}

const isUndefinedTable = (error: unknown): boolean => error instanceof pg.DatabaseError && error.code === "42P01";

import { hostname } from "node:os";
import { CheckFailed } from "../../core/errors/failure-reason.ts";
import type { Check } from "../health/check.ts";
import { type CheckOptions, withDefaults } from "./check-options.ts";
import { createOwnConnection } from "./own-connection.ts";

/**
 * A client of `pg` that is not connected yet.
 * @example const client: PgClient = new pg.Client(process.env["DATABASE_URL"]);
 */
export type PgClient = {
  /** Opens the connection. */
  connect(): Promise<unknown>;
  /** Runs one statement. */
  query(text: string, values?: unknown[]): Promise<{ rows: readonly unknown[] }>;
  /** Closes the connection. */
  end(): Promise<unknown>;
  /** Reports errors of the connection. */
  on(event: "error", listener: (error: Error) => void): unknown;
};

/**
 * Runs one statement and ends it when the signal aborts.
 * @example const query: RunSql = (text, signal) => driver.execute(text, { signal });
 */
export type RunSql = (text: string, signal: AbortSignal) => Promise<unknown>;

/**
 * The options of `postgresCheck`.
 * @example
 * const client = () => new pg.Client(process.env["DATABASE_URL"]);
 * const options: PostgresCheckOptions = { client, write: { critical: true, table: "ops.health_writes" } };
 */
export type PostgresCheckOptions = CheckOptions & {
  /**
   * Also checks that a write is committed, and reports the result as the capability `write`. Writes one row of the
   * table `health_writes`, and creates that table if the role has the right. Not critical unless set, because reads can
   * still be served.
   */
  write?: boolean | { critical?: boolean; table?: string };
} & (
    | {
        /** Creates a client that only this check uses. */
        client: () => PgClient;
      }
    | {
        /** Runs a statement with any other driver, on a connection that only this check uses. */
        query: RunSql;
      }
  );

/**
 * Proves that Postgres answers a read and, with `write`, that it commits a write: a server that became read-only, has a
 * full disk or waits for a standby still answers reads.
 * @example
 * import pg from "pg";
 * const check = postgresCheck({ client: () => new pg.Client(process.env["DATABASE_URL"]), write: true });
 * const health = createHealth({ service: "orders", checks: [check] });
 */
export function postgresCheck(options: PostgresCheckOptions): Check {
  const { name = "postgres", write } = options;
  const reader = runnerOf(options);
  const read = { ...withDefaults(options), run: (signal: AbortSignal) => reader.run([select], signal) };
  if (write === undefined || write === false) return { name, ...read, close: reader.close };
  const { critical = false, table = "health_writes" } = write === true ? {} : write;
  const writer = runnerOf(options);
  const statements = writeStatements(table, `${hostname()}:${process.pid}`);
  return {
    name,
    capabilities: {
      read,
      write: {
        critical,
        async run(signal) {
          try {
            await writer.run(["BEGIN", statements.upsert, "COMMIT"], signal);
          } catch (error) {
            if (!isUndefinedTable(error)) throw error;
            await writer.run([statements.create, statements.upsert], signal);
          }
        },
      },
    },
    close() {
      reader.close();
      writer.close();
    },
  };
}

type Runner = {
  /** Runs one statement after the other. */
  run(statements: readonly string[], signal: AbortSignal): Promise<void>;
  close(): void;
};

function runnerOf(options: PostgresCheckOptions): Runner {
  if ("client" in options) return clientRunner(options.client);
  const { query } = options;
  return {
    async run(statements, signal) {
      // A driver with a pool may run each statement on another connection, so each commits on its own.
      for (const text of statements) if (!isTransactionControl(text)) await query(text, signal);
    },
    close: () => undefined,
  };
}

const isTransactionControl = (text: string): boolean => text === "BEGIN" || text === "COMMIT";

/**
 * The backend of an earlier run whose COMMIT has not returned. Postgres does not detect that the client has
 * disconnected, so the next run ends this backend.
 */
type WaitingCommit = { pid: unknown } | undefined;

function clientRunner(create: () => PgClient): Runner {
  let waitingCommit: WaitingCommit;
  const connection = createOwnConnection({
    create(onError) {
      const client = create();
      client.on("error", onError);
      return client;
    },
    connect: (client: PgClient) => client.connect(),
    destroy: destroyClient,
  });
  return {
    async run(statements, signal) {
      let isCommitting = false;
      try {
        await connection.use(signal, async (client) => {
          if (waitingCommit !== undefined) await client.query(endBackend, [waitingCommit.pid]);
          waitingCommit = undefined;
          for (const text of statements) {
            if (text === "COMMIT") {
              waitingCommit = { pid: Reflect.get(client, "processID") };
              isCommitting = true;
            }
            await client.query(text);
          }
          waitingCommit = undefined;
        });
      } catch (error) {
        if (isCommitting && !signal.aborted) waitingCommit = undefined;
        throw isCommitting && signal.aborted ? new CheckFailed("commit_stalled") : error;
      }
    },
    close: connection.close,
  };
}

/** `end()` waits for a server that may never answer, so the socket is destroyed. */
function destroyClient(client: PgClient): void {
  client.end().catch(() => undefined);
  const connection: unknown = Reflect.get(client, "connection");
  const stream: unknown = isObject(connection) ? Reflect.get(connection, "stream") : undefined;
  if (isObject(stream) && "destroy" in stream && typeof stream.destroy === "function") stream.destroy();
}

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;

const select = "SELECT 1";

/** The process id may belong to another backend by now, so the statement ends only a backend that last ran a COMMIT. */
const endBackend =
  "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = $1 AND usename = current_user AND query = 'COMMIT'";

function writeStatements(table: string, writer: string) {
  const name = table.split(".").map(quoteName).join(".");
  return {
    create: `CREATE TABLE IF NOT EXISTS ${name} (writer text PRIMARY KEY, at timestamptz NOT NULL)`,
    upsert: `INSERT INTO ${name} (writer, at) VALUES ('${writer.replaceAll("'", "''")}', now()) ON CONFLICT (writer) DO UPDATE SET at = now()`,
  };
}

const quoteName = (name: string): string => `"${name.replaceAll('"', '""')}"`;

const isUndefinedTable = (error: unknown): boolean =>
  error instanceof Error && "code" in error && error.code === "42P01";

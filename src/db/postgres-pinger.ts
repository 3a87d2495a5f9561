import pg, { type QueryResultRow } from "pg";
import { type Connector, createConnector } from "./connect/connector.ts";
import type { OpenConnection } from "./connect/open-one.ts";
import { breaksConnection } from "./driver-errors.ts";
import type { PostgresLimits } from "./pool.ts";

/**
 * A connection outside the pool, used only by the health checks: a full pool or a slow query of the application is not
 * an outage. It runs one statement at a time, and its socket is destroyed when a check fails or is aborted.
 */
export function createPostgresPinger(
  limits: Omit<PostgresLimits, "poolMax">,
  migrationNames: readonly string[],
  connector: Connector = createConnector(limits),
) {
  let open: OpenConnection | undefined;
  let last: Promise<unknown> = Promise.resolve();
  const closed = new AbortController();

  const drop = () => {
    open?.destroy();
    open = undefined;
  };

  const connect = async (signal: AbortSignal): Promise<OpenConnection> => {
    const opened = await connector.open(
      {
        ...limits,
        applicationName: "haven-health",
        // A locked table of migrations fails the schema check, and must not delay the next check.
        lockTimeoutMs: Math.ceil(limits.statementTimeoutMs / 4),
      },
      AbortSignal.any([signal, closed.signal]),
    );
    const forget = () => {
      if (open === opened) open = undefined;
    };
    opened.client.on("error", forget);
    opened.client.on("end", forget);
    open = opened;
    return opened;
  };

  const run = async <Row extends QueryResultRow>(
    text: string,
    values: unknown[],
    signal: AbortSignal,
  ): Promise<Row[]> => {
    // A check that was aborted while it was queued has not used the connection.
    signal.throwIfAborted();
    signal.addEventListener("abort", drop, { once: true });
    try {
      const { client } = open ?? (await connect(signal));
      return (await client.query<Row>(text, values)).rows;
    } catch (error) {
      if (!(error instanceof pg.DatabaseError) || breaksConnection(error)) drop();
      throw error;
    } finally {
      signal.removeEventListener("abort", drop);
    }
  };

  const enqueue = <Row extends QueryResultRow>(
    text: string,
    values: unknown[],
    signal: AbortSignal,
  ): Promise<Row[]> => {
    const result = last.then(() => run<Row>(text, values, signal));
    last = result.catch(() => undefined);
    return result;
  };

  return {
    async ping(signal: AbortSignal): Promise<void> {
      await enqueue("SELECT 1", [], signal);
    },
    async schemaIsCurrent(signal: AbortSignal): Promise<boolean> {
      const known = "SELECT count(*)::int AS applied FROM schema_migrations WHERE name = ANY($1)";
      const rows = await enqueue<{ applied: number }>(known, [migrationNames], signal).catch((error: unknown) => {
        if (error instanceof pg.DatabaseError && error.code === undefinedTable) return [];
        throw error;
      });
      return rows[0]?.applied === migrationNames.length;
    },
    close() {
      closed.abort();
      drop();
    },
  };
}

const undefinedTable = "42P01";

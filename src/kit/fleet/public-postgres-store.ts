/**
 * A store for the fleet in Postgres.
 * @module fleet/postgres
 */

import type { SharedStore } from "./fleet-store.ts";
import { createPostgresStore, type PostgresStoreDeps, statementsFor } from "./postgres-store.ts";

/**
 * The options of `postgresFleetStore`.
 * @example const options: PostgresFleetStoreOptions = { pool, table: "ops.health_instances" };
 */
export type PostgresFleetStoreOptions = {
  /** A pool of `pg`. Its time limits apply to each statement. */
  pool: {
    query(statement: { name: string; text: string; values: unknown[] }): Promise<{ rows: unknown[] }>;
  };
  /** The table of the heartbeats, created if the role has the right; "health_instances" unless set. */
  table?: string;
};

/**
 * Exchanges heartbeats over a table of Postgres: one row for each instance, one statement for each heartbeat.
 * @example
 * import pg from "pg";
 * const stores = [postgresFleetStore({ pool: new pg.Pool({ connectionTimeoutMillis: 2000, query_timeout: 2000 }) })];
 * const health = createHealth({ service: "orders", checks, fleet: { stores, shared: ["postgres"] } });
 */
export function postgresFleetStore({ pool, table = "health_instances" }: PostgresFleetStoreOptions): SharedStore {
  const quoted = table
    .split(".")
    .map((name) => `"${name.replaceAll('"', '""')}"`)
    .join(".");
  const { create } = statementsFor(quoted);
  const run: PostgresStoreDeps["run"] = async (statement, values) => {
    try {
      return (await pool.query({ ...statement, values })).rows;
    } catch (error) {
      if (!isUndefinedTable(error)) throw error;
      await pool.query({ ...create, values: [] });
      return (await pool.query({ ...statement, values })).rows;
    }
  };
  return (keepMs) => createPostgresStore({ run, table: quoted, keepMs });
}

const isUndefinedTable = (error: unknown): boolean =>
  error instanceof Error && "code" in error && error.code === "42P01";

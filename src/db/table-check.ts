import pg from "pg";
import { CheckFailed } from "../core/errors/failure-reason.ts";
import { jobSchema } from "./app-role.ts";
import type { CheckQuery } from "./check-connection.ts";

/** The tables that requests read and change: those with the same owner as `schema_migrations`, except that table. */
const selectTables = `
  SELECT format('%I.%I', n.nspname, c.relname) AS name,
         has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT')
           AND has_table_privilege(c.oid, 'UPDATE') AND has_table_privilege(c.oid, 'DELETE') AS "isPermitted"
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname IN (current_schema(), '${jobSchema}') AND c.relkind IN ('r', 'p') AND NOT c.relispartition
    AND c.oid <> to_regclass('schema_migrations')
    AND c.relowner = (SELECT relowner FROM pg_class WHERE oid = to_regclass('schema_migrations'))
  ORDER BY 1`;

const selectMissing = "SELECT name FROM unnest($1::text[]) AS name WHERE to_regclass(name) IS NULL";

/** Fails if a table that the migrations create is missing, for example after a DROP TABLE. */
export async function assertTablesExist(query: CheckQuery, names: readonly string[]): Promise<void> {
  const missing = await query(selectMissing, [names]);
  if (missing.length > 0) throw new CheckFailed("missing");
}

/**
 * Fails if a table is locked or not permitted. Takes the locks that a change takes, and releases them. The checks of
 * reading and writing use a table of their own, so they pass while another table is locked.
 */
export async function assertTablesUsable(query: CheckQuery): Promise<void> {
  const tables = await query<{ name: string; isPermitted: boolean }>(selectTables);
  if (tables.some(({ isPermitted }) => !isPermitted)) throw new CheckFailed("forbidden");
  if (tables.length === 0) return;
  await query("BEGIN");
  try {
    // Waits until the lock time-out of the connection, so that a lock that is held briefly is no fault.
    await query(`LOCK TABLE ${tables.map(({ name }) => name).join(", ")} IN ROW EXCLUSIVE MODE`);
  } catch (error) {
    throw isLockTimeout(error) ? new CheckFailed("locked", { cause: error }) : error;
  } finally {
    await query("ROLLBACK");
  }
}

const isLockTimeout = (error: unknown): boolean => error instanceof pg.DatabaseError && error.code === "55P03";

import type { Migration } from "./migration-files.ts";

const change =
  /\b(?:CREATE (?:UNLOGGED )?TABLE (?:IF NOT EXISTS )?(?<created>[a-z_][\w.]*) ?\(|DROP TABLE (?:IF EXISTS )?(?<dropped>[a-z_][\w.]*)|ALTER TABLE (?:IF EXISTS )?(?<renamed>[a-z_][\w.]*) RENAME TO (?<name>[a-z_]\w*))/gi;

/** Returns the tables that exist after these migrations, except those that a function of a migration creates by name. */
export function tablesOf(migrations: readonly Pick<Migration, "sql">[]): string[] {
  const tables = new Set<string>();
  for (const { sql } of migrations) {
    for (const { groups = {} } of sql.replaceAll(/--[^\n]*/g, "").matchAll(change)) {
      const { created, dropped, renamed, name } = groups;
      for (const removed of [dropped, renamed]) if (removed !== undefined) tables.delete(removed);
      if (created !== undefined) tables.add(created);
      if (name !== undefined) tables.add(name);
    }
  }
  return [...tables];
}

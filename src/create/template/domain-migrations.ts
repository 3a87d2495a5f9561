const createdTable = /\bCREATE TABLE(?: IF NOT EXISTS)? (\w+)/g;
const changedTable =
  /\b(?:ALTER TABLE|DROP TABLE|UPDATE|INSERT INTO|DELETE FROM|CREATE (?:UNIQUE )?INDEX(?: CONCURRENTLY)? \w+ ON)(?: IF EXISTS)?(?: ONLY)? (\w+)/g;

const namesIn = (sql: string, pattern: RegExp): string[] => [...sql.matchAll(pattern)].map((match) => match[1] ?? "");

/**
 * Returns the kept migrations that change only tables of dropped migrations, and so have to be dropped, too. Throws for
 * a migration that also changes other tables, because it has to be split.
 */
export function migrationsOfDroppedTables(
  kept: readonly (readonly [path: string, sql: string])[],
  droppedSql: readonly string[],
): string[] {
  const droppedTables = new Set(droppedSql.flatMap((sql) => namesIn(sql, createdTable)));
  return kept.flatMap(([path, sql]) => {
    const tables = [...namesIn(sql, createdTable), ...namesIn(sql, changedTable)];
    const ofDropped = tables.filter((table) => droppedTables.has(table));
    if (ofDropped.length === 0) return [];
    if (ofDropped.length === tables.length) return [path];
    throw new Error(
      `${path} changes ${[...new Set(ofDropped)].join(", ")}, which a new service does not have, and other tables. Make a migration for each.`,
    );
  });
}

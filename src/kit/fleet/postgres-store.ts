import type { FleetEntry, FleetStore, OwnEntry } from "./fleet-store.ts";

type Statement = { name: string; text: string };

export function statementsFor(table: string) {
  const write: Statement = {
    name: "fleet-write",
    text: `
    INSERT INTO ${table} (boot, instance, beat, seen_at, heartbeat) VALUES ($1, $2, $3, now(), $4)
    ON CONFLICT (boot) DO UPDATE SET beat = excluded.beat, seen_at = excluded.seen_at, heartbeat = excluded.heartbeat
    WHERE ${table}.beat < excluded.beat`,
  };
  // Ages come from the clock of the database. Expired rows are deleted, except those that another instance has locked.
  // The DELETE depends on the count of written rows, so that Postgres locks the own row before any other. Without this
  // order, two instances that return from an outage at the same moment could each lock the row of the other, and
  // deadlock.
  const writeAndRead: Statement = {
    name: "fleet-write-and-read",
    text: `
    WITH written AS (${write.text} RETURNING 1),
    expired AS (
      DELETE FROM ${table} WHERE boot IN (
        SELECT boot FROM ${table}
        WHERE (SELECT count(*) FROM written) >= 0
          AND boot <> $1 AND abs(extract(epoch FROM now() - seen_at)) * 1000 > $5::float8
        FOR UPDATE SKIP LOCKED))
    SELECT boot, extract(epoch FROM now() - seen_at)::float8 * 1000 AS "ageMs", heartbeat FROM ${table}
    WHERE boot <> $1 AND abs(extract(epoch FROM now() - seen_at)) * 1000 <= $5::float8`,
  };
  const remove: Statement = { name: "fleet-remove", text: `DELETE FROM ${table} WHERE boot = $1` };
  const create: Statement = {
    name: "fleet-create",
    text: `
    CREATE UNLOGGED TABLE IF NOT EXISTS ${table} (boot uuid PRIMARY KEY, instance text NOT NULL, beat bigint NOT NULL,
      seen_at timestamptz NOT NULL, heartbeat text NOT NULL)`,
  };
  return { write, writeAndRead, remove, create };
}

const valuesOf = ({ boot, instance, beat, heartbeat }: OwnEntry) => [boot, instance, beat, heartbeat];

export type PostgresStoreDeps = {
  /** Runs one statement, and returns its rows. */
  run(statement: Statement, values: unknown[]): Promise<unknown[]>;
  /** The name of the table, quoted where needed. */
  table: string;
  keepMs: number;
};

/** Creates a store that holds one row for each instance, without history. */
export function createPostgresStore({ run, table, keepMs }: PostgresStoreDeps): FleetStore {
  const { write, writeAndRead, remove } = statementsFor(table);
  let hasDeletedExpired = false;
  const writeThenRead = async (entry: OwnEntry): Promise<FleetEntry[]> => {
    const entries = await run(writeAndRead, [...valuesOf(entry), keepMs]);
    hasDeletedExpired = true;
    return entries as FleetEntry[];
  };
  return {
    name: "postgres",
    // Only `writeAndRead` deletes expired rows. While Redis answers, no instance reads from Postgres, so the first write of each
    // process reads, too.
    async write(entry) {
      await (hasDeletedExpired ? run(write, valuesOf(entry)) : writeThenRead(entry));
    },
    writeAndRead: writeThenRead,
    async remove(boot) {
      await run(remove, [boot]);
    },
  };
}

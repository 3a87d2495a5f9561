import type { Queryable, Sql } from "../db/pool.ts";
import type { FleetEntry, FleetStore, OwnEntry } from "./fleet-store.ts";

const write: Sql = {
  name: "fleet-write",
  text: `
    INSERT INTO fleet_instances (boot, instance, beat, seen_at, heartbeat) VALUES ($1, $2, $3, now(), $4)
    ON CONFLICT (boot) DO UPDATE SET beat = excluded.beat, seen_at = excluded.seen_at, heartbeat = excluded.heartbeat
    WHERE fleet_instances.beat < excluded.beat`,
};

// Ages come from the clock of the database. Expired rows are deleted, except those that another instance has locked.
// The DELETE depends on the count of written rows, so that the own row is locked before any other: otherwise two
// instances that return from an outage at the same moment could each lock the other's row, and deadlock.
const writeAndRead: Sql = {
  name: "fleet-write-and-read",
  text: `
    WITH written AS (${write.text} RETURNING 1),
    expired AS (
      DELETE FROM fleet_instances WHERE boot IN (
        SELECT boot FROM fleet_instances
        WHERE (SELECT count(*) FROM written) >= 0
          AND boot <> $1 AND abs(extract(epoch FROM now() - seen_at)) * 1000 > $5::float8
        FOR UPDATE SKIP LOCKED))
    SELECT boot, extract(epoch FROM now() - seen_at)::float8 * 1000 AS "ageMs", heartbeat FROM fleet_instances
    WHERE boot <> $1 AND abs(extract(epoch FROM now() - seen_at)) * 1000 <= $5::float8`,
};

const remove: Sql = { name: "fleet-remove", text: "DELETE FROM fleet_instances WHERE boot = $1" };

const valuesOf = ({ boot, instance, beat, heartbeat }: OwnEntry) => [boot, instance, beat, heartbeat];

/** Creates a store that holds one row for each instance, without history. */
export function createPostgresStore(db: Queryable, keepMs: number): FleetStore {
  let hasDeletedExpired = false;
  const writeThenRead = async (entry: OwnEntry): Promise<FleetEntry[]> => {
    const entries = await db.query<FleetEntry>(writeAndRead, [...valuesOf(entry), keepMs]);
    hasDeletedExpired = true;
    return entries;
  };
  return {
    name: "postgres",
    // Only `writeAndRead` deletes expired rows, and while Redis answers no instance reads here. So the first write of each
    // process reads, too.
    async write(entry) {
      await (hasDeletedExpired ? db.query(write, valuesOf(entry)) : writeThenRead(entry));
    },
    writeAndRead: writeThenRead,
    async remove(boot) {
      await db.query(remove, [boot]);
    },
  };
}

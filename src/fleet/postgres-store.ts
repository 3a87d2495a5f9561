import type { Queryable, Sql } from "../db/pool.ts";
import type { Entry, FleetStore, Mine } from "./store.ts";

const tell: Sql = {
  name: "fleet-tell",
  text: `
    INSERT INTO fleet_instances (boot, instance, beat, seen_at, heartbeat) VALUES ($1, $2, $3, now(), $4)
    ON CONFLICT (boot) DO UPDATE SET beat = excluded.beat, seen_at = excluded.seen_at, heartbeat = excluded.heartbeat
    WHERE fleet_instances.beat < excluded.beat`,
};

// Ages come from one clock, the database's. What is long gone is deleted by whoever finds it unlocked; the statement
// sees the others as they were when it began. It counts what it told so as to write its own row before it locks any
// other: after an outage two that are back together would have each other's row, and wait for their own.
const tellAndAsk: Sql = {
  name: "fleet-tell-and-ask",
  text: `
    WITH told AS (${tell.text} RETURNING 1),
    gone AS (
      DELETE FROM fleet_instances WHERE boot IN (
        SELECT boot FROM fleet_instances
        WHERE (SELECT count(*) FROM told) >= 0
          AND boot <> $1 AND abs(extract(epoch FROM now() - seen_at)) * 1000 > $5::float8
        FOR UPDATE SKIP LOCKED))
    SELECT boot, extract(epoch FROM now() - seen_at)::float8 * 1000 AS "ageMs", heartbeat FROM fleet_instances
    WHERE boot <> $1 AND abs(extract(epoch FROM now() - seen_at)) * 1000 <= $5::float8`,
};

const leave: Sql = { name: "fleet-leave", text: "DELETE FROM fleet_instances WHERE boot = $1" };

const valuesOf = ({ boot, instance, beat, heartbeat }: Mine) => [boot, instance, beat, heartbeat];

/** One row for each instance, and no history. */
export function createPostgresStore(db: Queryable, keepMs: number): FleetStore {
  let hasCleared = false;
  const ask = async (mine: Mine): Promise<Entry[]> => {
    const entries = await db.query<Entry>(tellAndAsk, [...valuesOf(mine), keepMs]);
    hasCleared = true;
    return entries;
  };
  return {
    name: "postgres",
    // Where Redis answers nobody ever asks here, and who died would stay for good: whoever begins clears up once.
    async tell(mine) {
      await (hasCleared ? db.query(tell, valuesOf(mine)) : ask(mine));
    },
    tellAndAsk: ask,
    async leave(boot) {
      await db.query(leave, [boot]);
    },
  };
}

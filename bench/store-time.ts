import { query } from "../test/shared/servers/stores/database.ts";
import { processorMs } from "./processor-time.ts";
import type { Testbed } from "./testbed.ts";

export type StoreTime = { postgresMs: number; redisMs: number };

/** Returns the processor time that each store uses during the work. */
export async function storeTimeDuring(testbed: Testbed, work: () => Promise<unknown>): Promise<StoreTime> {
  const before = await usedBy(testbed);
  await work();
  const after = await usedBy(testbed);
  // A process that has started meanwhile counts from its start.
  const postgresMs = [...after.postgres].reduce((sum, [pid, ms]) => sum + ms - (before.postgres.get(pid) ?? 0), 0);
  return { postgresMs, redisMs: after.redis - before.redis };
}

/** Returns the processor time of Redis and of each process of Postgres, the background processes included. */
async function usedBy({ databaseUrl, redisPid }: Testbed) {
  const processes = await query<{ pid: number }>(databaseUrl, "SELECT pid FROM pg_stat_activity");
  return { postgres: new Map(processes.map(({ pid }) => [pid, processorMs(pid)])), redis: processorMs(redisPid) };
}

import { sameSecret } from "../shared/requests/people.ts";
import { asAppRole, freshDatabase } from "../shared/servers/stores/database.ts";
import { freshRedis } from "../shared/servers/stores/redis.ts";
import { type Haven, startHaven } from "./haven.ts";

/** Starts two instances on the same Postgres and the same Redis. */
export async function startPair(env: Record<string, string> = {}): Promise<[Haven, Haven]> {
  const shared = {
    ...sameSecret,
    DATABASE_URL: asAppRole(await freshDatabase()),
    REDIS_URL: await freshRedis(),
    ...env,
  };
  return [
    await startHaven({ env: { ...shared, INSTANCE_ID: "one" } }),
    await startHaven({ env: { ...shared, INSTANCE_ID: "two" } }),
  ];
}

import { eventually } from "../../shared/eventually.ts";
import { ask } from "../../shared/requests/http.ts";
import { sameSecret } from "../../shared/requests/people.ts";
import { type FaultProxy, startFaultProxy } from "../../shared/servers/fault-proxy.ts";
import { freshDatabase } from "../../shared/servers/stores/database.ts";
import { freshRedis } from "../../shared/servers/stores/redis.ts";
import { testRoutes } from "../../shared/servers/test-routes.ts";
import { type Haven, startHaven } from "../../support/haven.ts";

export const intervalMs = 500;
export const timeoutMs = 600;
export const detectionTimeMs = intervalMs + 2 * timeoutMs + 500;

export type Member = Haven & { name: string; postgres: FaultProxy; redis: FaultProxy };

export type LocalFleet = { members: readonly Member[]; databaseUrl: string; redisUrl: string };

/**
 * Starts instances in this process on one Postgres and one Redis. Each connects through proxies that can inject faults.
 */
export async function startLocalFleet(size: number, env: Record<string, string> = {}): Promise<LocalFleet> {
  const [databaseUrl, redisUrl] = [await freshDatabase(), await freshRedis()];
  const members: Member[] = [];
  for (let number = 1; number <= size; number += 1) {
    const [postgres, redis] = [await startFaultProxy(databaseUrl), await startFaultProxy(redisUrl)];
    const name = `api-${number}`;
    const haven = await startHaven({
      env: {
        ...sameSecret,
        INSTANCE_ID: name,
        DATABASE_URL: postgres.url,
        REDIS_URL: redis.url,
        READY_POLICY: "outlier",
        HEALTH_CHECK_INTERVAL: String(intervalMs),
        HEALTH_CHECK_TIMEOUT: String(timeoutMs),
        REDIS_COMMAND_TIMEOUT_MS: "500",
        ...env,
      },
      overrides: { routes: testRoutes },
    });
    members.push({ ...haven, name, postgres, redis });
  }
  for (const member of members)
    await eventually(
      () => instances(member),
      (seen) => seen.length === size,
    );
  return { members, databaseUrl, redisUrl };
}

export type ListedInstance = { instance: string; status: string; ageMs: number; self: boolean } & Record<
  string,
  unknown
>;
export type FleetAnswer = { instances: ListedInstance[]; store: string | null; silentSince: string | null } & Record<
  string,
  unknown
>;

export const fleetOf = async ({ url }: Pick<Haven, "url">): Promise<FleetAnswer> =>
  (await ask(`${url}/api/v1/instances`)).json() as FleetAnswer;

export const instances = async (haven: Pick<Haven, "url">): Promise<ListedInstance[]> =>
  (await fleetOf(haven)).instances;

export type Ready = { status: string; ready: boolean; sharedOutage?: string[] };

export const readyOf = async ({ url }: Pick<Haven, "url">): Promise<Ready> =>
  (await ask(`${url}/ready`)).json() as Ready;

export const decisionsOf = ({ logs }: Pick<Haven, "logs">): unknown[] =>
  logs.filter((line) => "decision" in line).map((line) => line["decision"]);

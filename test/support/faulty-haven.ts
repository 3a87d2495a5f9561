import { fork } from "node:child_process";
import { once } from "node:events";
import { eventually } from "../shared/eventually.ts";
import { type Answer, ask } from "../shared/requests/http.ts";
import { type FaultProxy, startFaultProxy } from "../shared/servers/fault-proxy.ts";
import { asAppRole, freshDatabase } from "../shared/servers/stores/database.ts";
import { freshRedis } from "../shared/servers/stores/redis.ts";
import { testRoutes } from "../shared/servers/test-routes.ts";
import { startStopwatch } from "../shared/stopwatch.ts";
import { type Haven, type HavenOptions, startHaven } from "./haven.ts";

export type FaultyHaven = Haven & {
  postgres: FaultProxy;
  redis: FaultProxy;
  /** The URL of Postgres without the fault proxy. */
  databaseUrl: string;
  redisUrl: string;
  ready(): Promise<Answer>;
  /** Waits until a check has the status, and returns the time that it took. */
  until(check: string, status: "up" | "down", withinMs: number): Promise<number>;
};

export const intervalMs = 400;
export const timeoutMs = 300;

/** Starts a server with separate fault proxies to Postgres and to Redis. */
export async function startFaultyHaven({ env = {}, ...options }: HavenOptions = {}): Promise<FaultyHaven> {
  const databaseUrl = await freshDatabase();
  const postgres = await startFaultProxy(asAppRole(databaseUrl));
  const redisUrl = await freshRedis();
  const redis = await startFaultProxy(redisUrl);
  const haven = await startHaven({
    env: {
      DATABASE_URL: postgres.url,
      REDIS_URL: redis.url,
      HEALTH_CHECK_INTERVAL: String(intervalMs),
      HEALTH_CHECK_TIMEOUT: String(timeoutMs),
      REDIS_COMMAND_TIMEOUT_MS: "200",
      DB_CONNECT_TIMEOUT_MS: "500",
      DB_STATEMENT_TIMEOUT_MS: "1000",
      ...env,
    },
    overrides: { routes: testRoutes },
    ...options,
  });
  const ready = () => ask(`${haven.url}/ready`);
  return {
    ...haven,
    postgres,
    redis,
    databaseUrl,
    redisUrl,
    ready,
    async until(check, status, withinMs) {
      const elapsedMs = startStopwatch();
      await eventually(ready, (answer) => checksOf(answer)[check]?.status === status, withinMs, 10);
      return elapsedMs();
    },
  };
}

export function checksOf(answer: Answer): Record<string, { status: string; critical: boolean }> {
  return (answer.json() as { checks: Record<string, { status: string; critical: boolean }> }).checks;
}

/**
 * Polls /alive from another process while `work` runs. Returns the longest response time, without the time for which the
 * polling process and the process `serverPid` waited for a processor.
 */
export async function slowestAliveProbeMs(
  url: string,
  work: () => Promise<unknown>,
  serverPid?: number,
): Promise<number> {
  const prober = fork(new URL("./live-prober.ts", import.meta.url), [
    url,
    ...(serverPid === undefined ? [] : [String(serverPid)]),
  ]);
  const exited = once(prober, "exit");
  await once(prober, "message");
  try {
    await work();
  } finally {
    prober.send("report");
  }
  const [slowestMs] = await once(prober, "message");
  await exited;
  return Number(slowestMs);
}

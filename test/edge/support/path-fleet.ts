import { randomBytes } from "node:crypto";
import { atEnd } from "../../shared/at-end.ts";
import { eventually } from "../../shared/eventually.ts";
import { ask } from "../../shared/requests/http.ts";
import { type Fault, type FaultProxy, startFaultProxy } from "../../shared/servers/fault-proxy.ts";
import { startEngines } from "../../shared/servers/fleet.ts";
import { haproxyDetection } from "../../shared/servers/haproxy-detection.ts";
import { type HavenProcess, startHavenProcess } from "../../shared/servers/haven-process.ts";
import { serverStates, startHaproxy } from "../../shared/servers/proxies.ts";
import { freshDatabase } from "../../shared/servers/stores/database.ts";
import { freshRedis } from "../../shared/servers/stores/redis.ts";

export const intervalMs = 1000;
export const timeoutMs = 1000;
/** The time limits within which an instance, and HAProxy, have to react to a lost dependency. */
export const notReadyWithinMs = intervalMs + 2 * timeoutMs + 500;
export const outOfHaproxyWithinMs = notReadyWithinMs + haproxyDetection().notReadyMs;

export type PathMember = { name: string; url: string; database: FaultProxy; redis: FaultProxy; process: HavenProcess };

/** Starts instances behind HAProxy that share one Postgres and one Redis, each through its own fault proxies. */
export async function startPathFleet(size: 3 | 5, env: Record<string, string>): Promise<readonly PathMember[]> {
  await startEngines();
  const [databaseUrl, redisUrl] = [await freshDatabase(), await freshRedis()];
  const shared = {
    JWT_SECRET: randomBytes(32).toString("hex"),
    AUTH_RATE_LIMIT: "0",
    PORT: "4000",
    OVERLOAD_DELAY_MS: "0",
    HEALTH_CHECK_INTERVAL: String(intervalMs),
    HEALTH_CHECK_TIMEOUT: String(timeoutMs),
    REDIS_COMMAND_TIMEOUT_MS: "500",
    ...env,
  };
  const startMember = async (number: number): Promise<PathMember> => {
    const database = await startFaultProxy(databaseUrl);
    const redis = await startFaultProxy(redisUrl);
    const host = `127.0.0.${number + 1}`;
    const paths = { DATABASE_URL: database.url, REDIS_URL: redis.url };
    const process = await startHavenProcess({
      env: { ...shared, ...paths, HOST: host, INSTANCE_ID: `api-server-${number}` },
      withinMs: 60_000,
    });
    return { name: `api-server-${number}`, url: `http://${host}:4000`, database, redis, process };
  };
  const members: PathMember[] = [];
  for (let number = 1; number <= size; number += 1) members.push(await startMember(number));
  await startHaproxy({ more: members.slice(3).map(({ name, url }) => [name, new URL(url).host]) });
  await restoreFleet(members);
  return members;
}

export type PathStore = "database" | "redis";

export const breakPaths = (
  members: readonly PathMember[],
  stores: readonly PathStore[],
  fault: Fault,
): Promise<unknown> => Promise.all(members.flatMap((member) => stores.map((store) => member[store].set(fault))));

export type Verdict = { status: number; body: { status: string; ready: boolean; sharedOutage?: string[] } };

export async function verdictOf({ url }: PathMember): Promise<Verdict> {
  const { status, json } = await ask(`${url}/ready`);
  return { status, body: json() as Verdict["body"] };
}

export const verdicts = (members: readonly PathMember[]): Promise<Verdict[]> => Promise.all(members.map(verdictOf));

/** Restores the initial state: all paths work, all instances are ready and in rotation, and each lists all instances. */
export async function restoreFleet(members: readonly PathMember[]): Promise<void> {
  await breakPaths(members, ["database", "redis"], "pass");
  const ready = async () => (await verdicts(members)).every(({ body }) => body.status === "ready");
  const listsAllReady = async ({ url }: PathMember) => {
    const { instances, loadSpreadRatio: _ } = (await ask(`${url}/api/v1/instances`)).json() as {
      instances: { status: string }[];
      loadSpreadRatio: unknown;
    };
    return instances.length === members.length && instances.every(({ status }) => status === "ready");
  };
  const allReady = async () => (await ready()) && (await Promise.all(members.map(listsAllReady))).every(Boolean);
  await eventually(allReady, Boolean, 20_000, 100);
  const up = async () => Object.values(await serverStates()).every(({ status }) => status === "UP");
  await eventually(up, Boolean, 20_000, 100);
}

export type LoggedDecisions = { name: string; decision: string }[];

/** Records every change of the verdict of every instance, until it is stopped. */
export function watchVerdicts(members: readonly PathMember[]) {
  const startedAt = performance.now();
  const changes = new Map<string, { afterMs: number; state: string }[]>(members.map(({ name }) => [name, []]));
  let isRunning = true;
  const follow = async (member: PathMember) => {
    while (isRunning) {
      const verdict = await verdictOf(member).catch(() => undefined);
      const state =
        verdict === undefined ? "no response" : [verdict.body.status, ...(verdict.body.sharedOutage ?? [])].join(" ");
      const states = changes.get(member.name) ?? [];
      if (states.at(-1)?.state !== state) states.push({ afterMs: Math.round(performance.now() - startedAt), state });
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  };
  const done = Promise.all(members.map(follow));
  const stop = async () => {
    isRunning = false;
    await done;
  };
  atEnd(stop);
  return {
    async stop(): Promise<Map<string, { afterMs: number; state: string }[]>> {
      await stop();
      return changes;
    },
  };
}

/** Returns the decisions that the instances have logged since their output had these lengths. */
export function decisionsSince(members: readonly PathMember[], lengths: ReadonlyMap<string, number>): string[] {
  return members.flatMap(({ name, process }) =>
    process
      .output()
      .slice(lengths.get(name) ?? 0)
      .split("\n")
      .flatMap((line) => /"check":"(\w+)","decision":"(\w+)"/.exec(line)?.slice(1) ?? [])
      .reduce<string[]>((all, word, index, words) => {
        if (index % 2 === 0) all.push(`${name} ${word} ${words[index + 1]}`);
        return all;
      }, []),
  );
}

export const outputLengths = (members: readonly PathMember[]): ReadonlyMap<string, number> =>
  new Map(members.map(({ name, process }) => [name, process.output().length]));

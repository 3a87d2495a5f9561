import { randomBytes } from "node:crypto";
import { atEnd } from "../at-end.ts";
import { eventually } from "../eventually.ts";
import { ask } from "../requests/http.ts";
import { type FaultProxy, startFaultProxy } from "./fault-proxy.ts";
import { type HavenProcess, startHavenProcess } from "./haven-process.ts";
import { asAppRole, freshDatabase, prepareTemplate } from "./stores/database.ts";
import { freshRedis } from "./stores/redis.ts";
import { startStores } from "./stores/stores.ts";

export const names = ["api-server-1", "api-server-2", "api-server-3"] as const;
export type Name = (typeof names)[number];
export const hostOf = (name: Name): string => `127.0.0.${names.indexOf(name) + 2}`;

export type Member = {
  name: Name;
  url: string;
  /** The fault proxies between this instance and the shared Postgres and Redis. */
  database: FaultProxy;
  redis: FaultProxy;
  process(): HavenProcess;
  /** Restarts as an orchestrator does: SIGTERM, wait, start with optional further settings, wait until ready. */
  restart(more?: Record<string, string>): Promise<{ code: number | null }>;
  kill(): Promise<void>;
  start(): Promise<void>;
  freeze(): void;
  thaw(): void;
};

/** Starts Postgres and Redis in the namespaces of this test file. */
export async function startEngines(): Promise<void> {
  const { databaseUrl, redisUrl, stop } = await startStores(() => undefined);
  atEnd(stop);
  await prepareTemplate(databaseUrl);
  process.env["TEST_DATABASE_URL"] = databaseUrl;
  process.env["TEST_REDIS_URL"] = redisUrl;
}

export type Fleet = {
  members: readonly Member[];
  member(name: Name): Member;
  /** Returns the output of all instances. */
  output(): string;
};

export type FleetOptions = {
  env?: Record<string, string>;
  /** Settings of one instance only. */
  envOf?(name: Name): Record<string, string>;
  entry?: "main" | "with-test-routes" | URL;
  /** The stores; new ones unless given. `DATABASE_URL` and settings of Redis in `env` bypass the fault proxies. */
  services?: { databaseUrl: string; redisUrl: string };
  /** Whether the fault proxies keep the received bytes. */
  keepsSent?: boolean;
};

/** Starts three instances with the names and ports of the shipped files, on one Postgres and one Redis. */
export async function startFleet(options: FleetOptions = {}): Promise<Fleet> {
  const services = options.services ?? { databaseUrl: await freshDatabase(), redisUrl: await freshRedis() };
  const shared = {
    JWT_SECRET: randomBytes(32).toString("hex"),
    AUTH_RATE_LIMIT: "0",
    PORT: "4000",
    // A shared machine may stall an event loop, so that requests would be rejected; other tests cover the rejection.
    OVERLOAD_DELAY_MS: "0",
    ...options.env,
  };
  const members: Member[] = [];
  for (const name of names) {
    members.push(await startMember(name, services, { ...options, env: { ...shared, ...options.envOf?.(name) } }));
  }
  return {
    members,
    member: (name) => members.find((one) => one.name === name) ?? fail(name),
    output: () => members.map((one) => one.process().output()).join(""),
  };
}

async function startMember(
  name: Name,
  { databaseUrl, redisUrl }: NonNullable<FleetOptions["services"]>,
  { env: shared = {}, entry = "with-test-routes", keepsSent = true }: FleetOptions,
): Promise<Member> {
  const host = hostOf(name);
  const database = await startFaultProxy(asAppRole(databaseUrl), { keepsSent });
  const redis = await startFaultProxy(redisUrl, { keepsSent });
  const env = { DATABASE_URL: database.url, REDIS_URL: redis.url, ...shared, HOST: host, INSTANCE_ID: name };
  const url = `http://${host}:4000`;
  const launch = (more: Record<string, string> = {}) =>
    startHavenProcess({ env: { ...env, ...more }, entry, withinMs: 40_000 });
  let current = await launch();
  return {
    name,
    url,
    database,
    redis,
    process: () => current,
    async restart(more) {
      current.child.kill("SIGTERM");
      const { code } = await current.exited;
      current = await launch(more);
      return { code };
    },
    async kill() {
      current.child.kill("SIGKILL");
      await current.exited;
    },
    async start() {
      current = await launch();
    },
    freeze: () => current.child.kill("SIGSTOP"),
    thaw: () => current.child.kill("SIGCONT"),
  };
}

export const isReady = async ({ url }: Pick<Member, "url">): Promise<boolean> =>
  ask(`${url}/ready`).then(
    ({ status }) => status === 200,
    () => false,
  );

export const allReady = (fleet: Fleet): Promise<unknown> =>
  eventually(
    () => Promise.all(fleet.members.map(isReady)),
    (all) => all.every(Boolean),
    20_000,
    100,
  );

function fail(name: string): never {
  throw new Error(`No instance is called ${name}.`);
}

import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startPostgres } from "../../../src/embedded/postgres/start-postgres.ts";
import { startValkey } from "../../../src/embedded/valkey/start-valkey.ts";
import { atEnd } from "../at-end.ts";
import { eventually } from "../eventually.ts";
import { ask } from "../requests/http.ts";
import { asAppRole, freshDatabase, prepareTemplate } from "./database.ts";
import { type FaultProxy, startFaultProxy } from "./fault-proxy.ts";
import { type HavenProcess, startHavenProcess } from "./haven-process.ts";
import { freshRedis } from "./redis.ts";

export const names = ["api-server-1", "api-server-2", "api-server-3"] as const;
export type Name = (typeof names)[number];
export const hostOf = (name: Name): string => `127.0.0.${names.indexOf(name) + 2}`;

export type Member = {
  name: Name;
  url: string;
  /** Its own ways to the Postgres and the Redis that all of them share. */
  database: FaultProxy;
  redis: FaultProxy;
  process(): HavenProcess;
  /** As an orchestrator does it: SIGTERM, wait, start again, with more settings where given, wait until ready. */
  restart(more?: Record<string, string>): Promise<{ code: number | null }>;
  kill(): Promise<void>;
  start(): Promise<void>;
  freeze(): void;
  thaw(): void;
};

/** What Haven needs, on this file's own machine. */
export async function startEngines(): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), "haven-edge-"));
  const log = () => undefined;
  const [postgres, valkey] = await Promise.all([startPostgres({ dataDir, log, fast: true }), startValkey({ log })]);
  atEnd(async () => {
    await Promise.all([postgres.stop(), valkey.stop()]);
    rmSync(dataDir, { recursive: true, force: true });
  });
  await prepareTemplate(postgres.url);
  process.env["TEST_DATABASE_URL"] = postgres.url;
  process.env["TEST_REDIS_URL"] = valkey.url;
}

export type Fleet = {
  members: readonly Member[];
  member(name: Name): Member;
  /** What all of them wrote. */
  output(): string;
};

export type FleetOptions = {
  env?: Record<string, string>;
  /** What one of them has for itself. */
  envOf?(name: Name): Record<string, string>;
  entry?: "main" | "with-test-routes" | URL;
  /** Its own database and Redis unless given. `DATABASE_URL` and the settings of Redis in `env` go around the fault proxies. */
  services?: { databaseUrl: string; redisUrl: string };
  /** Whether the fault proxies keep the received bytes. */
  keepsSent?: boolean;
};

/** Three instances under the names and ports that the shipped files know, on one Postgres and one Redis. */
export async function startFleet(options: FleetOptions = {}): Promise<Fleet> {
  const services = options.services ?? { databaseUrl: await freshDatabase(), redisUrl: await freshRedis() };
  const shared = {
    JWT_SECRET: randomBytes(32).toString("hex"),
    AUTH_RATE_LIMIT: "0",
    PORT: "4000",
    // A shared machine may stall a loop for longer than that; shedding is tested elsewhere.
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

import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { migrate } from "../src/db/migrate/migrate.ts";
import { startPostgres } from "../src/embedded/postgres/start-postgres.ts";
import { atEnd, cleanUp } from "../test/shared/at-end.ts";
import { eventually } from "../test/shared/eventually.ts";
import { ask } from "../test/shared/requests/http.ts";
import { query } from "../test/shared/servers/stores/database.ts";
import { startRedisServer } from "../test/shared/servers/stores/redis-servers.ts";
import { interrupted } from "./interruption.ts";
import { type Server, startServer } from "./servers.ts";

export type Env = Readonly<Record<string, string>>;

/** Real stores, and servers in front of them. */
export type Testbed = {
  databaseUrl: string;
  redisUrl: string;
  redisPort: number;
  redisPid: number;
  jwtSecret: string;
  /** Haven, compiled, with the settings of production. */
  haven(env?: Env, nodeFlags?: readonly string[]): Promise<Server>;
  /** Starts a server of `peers/`. */
  peer(name: string, env?: Env): Promise<Server>;
};

export async function withTestbed<T>(work: (testbed: Testbed) => Promise<T>): Promise<T> {
  const scratch = mkdtempSync(join(tmpdir(), "haven-bench-"));
  atEnd(() => rmSync(scratch, { recursive: true, force: true }));
  try {
    return await workIn(scratch, work);
  } finally {
    await cleanUp();
  }
}

async function workIn<T>(scratch: string, work: (testbed: Testbed) => Promise<T>): Promise<T> {
  const postgres = await startPostgres({ dataDir: join(scratch, "postgres"), log: () => undefined });
  atEnd(() => postgres.stop());
  const redis = await startRedisServer();
  const jwtSecret = randomBytes(32).toString("base64url");
  const shared = { HOST: "127.0.0.1", DATABASE_URL: postgres.url, REDIS_URL: redis.url, JWT_SECRET: jwtSecret };
  const running = new Set<Server>();

  const start = async (file: string, env: Env, nodeFlags: readonly string[] = []): Promise<Server> => {
    const server = await startServer({ file, env: { ...shared, ...env }, nodeFlags, logTo: scratch });
    running.add(server);
    const stop = async () => {
      if (running.delete(server)) await server.stop();
    };
    return { ...server, stop };
  };

  atEnd(() => Promise.all([...running].map((server) => server.stop())));
  await migrate({ url: postgres.url, timeoutMs: 30_000, connectTimeoutMs: 5000 });
  // a database in production has up-to-date statistics
  await query(postgres.url, "ANALYZE");
  const testbed: Testbed = {
    databaseUrl: postgres.url,
    redisUrl: redis.url,
    redisPort: redis.port,
    redisPid: redis.pid,
    jwtSecret,
    async haven(env = {}, nodeFlags = []) {
      const server = await start("../dist/main.js", { ...benchSettings, ...env }, nodeFlags);
      await readyWithin(server.url, 60_000);
      return server;
    },
    peer: (name, env = {}) => start(`./peers/${name}.mjs`, env),
  };
  return await Promise.race([work(testbed), interrupted()]);
}

const readyWithin = (url: string, limitMs: number) =>
  eventually(
    () => ask(`${url}/ready`).then(({ status }) => status),
    (status) => status === 200,
    limitMs,
    5,
  );

/**
 * The settings of a measured server. No proxy has to detect a drain, so drains have no delay. The load saturates the
 * server on purpose, so load shedding is off.
 */
const benchSettings = {
  DRAIN_DELAY_MS: "0",
  DRAIN_LINGER_MS: "0",
  SHUTDOWN_TIMEOUT_MS: "2000",
  AUTH_RATE_LIMIT: "0",
  OVERLOAD_DELAY_MS: "0",
};

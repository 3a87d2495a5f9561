import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EngineLog } from "../../../../src/core/embedded-engines.ts";
import { startPostgres } from "../../../../src/embedded/postgres/start-postgres.ts";
import { startValkey } from "../../../../src/embedded/valkey/start-valkey.ts";
import { query } from "./database.ts";
import { startPostgresServer } from "./postgres-servers.ts";
import { startRedisServer } from "./redis-servers.ts";

export type Stores = { databaseUrl: string; redisUrl: string; stop(): Promise<void> };

/** Starts the Postgres and the Redis of a run: the embedded ones, or with TEST_STORES=installed those on the PATH. */
export const startStores = (log: EngineLog): Promise<Stores> =>
  process.env["TEST_STORES"] === "installed" ? startInstalled() : startEmbedded(log);

async function startInstalled(): Promise<Stores> {
  const [postgres, redis] = await Promise.all([
    startPostgresServer({ settings: ["max_connections = 150"] }),
    // Each test file uses a database of its own.
    startRedisServer(["databases 10000"]),
  ]);
  await query(postgres.url, "CREATE ROLE haven SUPERUSER LOGIN PASSWORD 'a-password-of-the-run'");
  await query(postgres.url, "CREATE DATABASE haven OWNER haven");
  const databaseUrl = `postgres://haven:a-password-of-the-run@127.0.0.1:${postgres.port}/haven`;
  const stop = async () => {
    await Promise.all([postgres.stop(), redis.stop()]);
  };
  return { databaseUrl, redisUrl: redis.url, stop };
}

async function startEmbedded(log: EngineLog): Promise<Stores> {
  const dataDir = mkdtempSync(join(tmpdir(), "haven-stores-"));
  const [postgres, valkey] = await Promise.all([startPostgres({ dataDir, log, fast: true }), startValkey({ log })]);
  const stop = async () => {
    await Promise.all([postgres.stop(), valkey.stop()]);
    rmSync(dataDir, { recursive: true, force: true });
  };
  return { databaseUrl: postgres.url, redisUrl: valkey.url, stop };
}

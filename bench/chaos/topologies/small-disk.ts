import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { runProgram } from "../../../test/shared/run-program.ts";
import { startRedisServer } from "../../../test/shared/servers/stores/redis-servers.ts";
import { createDatabase } from "../testbed/database.ts";
import { createPostgres } from "../testbed/postgres.ts";
import type { Topology } from "./topology.ts";

// The disk is mounted outside the folder for temporary files, because the run cannot remove a mounted folder at its end.
const folder = "/run/small-disk";

async function start() {
  mkdirSync(folder, { recursive: true });
  const { code, output } = await runProgram("mount", ["-t", "tmpfs", "-o", "size=400m", "tmpfs", folder]);
  if (code !== 0) throw new Error(output);
  const postgres = await createPostgres({ folder, settings: { min_wal_size: "32MB", max_wal_size: "64MB" } });
  await postgres.start();
  const database = await createDatabase(postgres, "chaos");
  const redis = await startRedisServer();
  return {
    database,
    ballast: join(folder, "ballast"),
    services: { databaseUrl: database.url, redisUrl: redis.url },
  };
}

export type SmallDisk = Awaited<ReturnType<typeof start>>;

/** A Postgres whose disk can be filled. */
export const smallDisk: Topology<SmallDisk> = { name: "a small disk", programs: [], start };

import { appRole, asAppRole } from "../../../test/shared/servers/stores/database.ts";
import { startPgBouncer } from "../../../test/shared/servers/stores/pgbouncer.ts";
import { startRedisServer } from "../../../test/shared/servers/stores/redis-servers.ts";
import { createDatabase } from "../testbed/database.ts";
import { createPostgres } from "../testbed/postgres.ts";
import type { Topology } from "./topology.ts";

async function start() {
  const postgres = await createPostgres();
  await postgres.start();
  const database = await createDatabase(postgres, "chaos");
  const redis = await startRedisServer();
  const pooler = await startPgBouncer({ port: postgres.port, users: { [appRole.name]: appRole.password } });
  const url = new URL(asAppRole(database.url));
  url.port = String(pooler.port);
  return {
    database,
    pooler,
    services: { databaseUrl: database.url, redisUrl: redis.url },
    env: { DATABASE_URL: url.href, DB_POOLER: "transaction" },
  };
}

export type Pooled = Awaited<ReturnType<typeof start>>;

/** A Postgres behind PgBouncer in transaction mode. */
export const pooled: Topology<Pooled> = {
  name: "PgBouncer",
  programs: [
    { command: "pgbouncer", package: "pgbouncer" },
    // This package creates the user that runs PgBouncer.
    { command: "pg_virtualenv", package: "postgresql" },
  ],
  start,
};

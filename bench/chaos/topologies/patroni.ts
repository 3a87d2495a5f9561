import { patroniPrograms, startPatroni } from "../../../test/shared/servers/patroni/patroni.ts";
import { asAppRole } from "../../../test/shared/servers/stores/database.ts";
import { startRedisServer } from "../../../test/shared/servers/stores/redis-servers.ts";
import { createDatabase } from "../testbed/database.ts";
import type { Topology } from "./topology.ts";

async function start() {
  const patroni = await startPatroni();
  const database = await createDatabase(patroni, "chaos");
  const redis = await startRedisServer();
  const url = new URL(asAppRole(database.url));
  const hosts = patroni.hosts.map((host) => `${host}:${url.port}`).join(",");
  return {
    patroni,
    database,
    services: { databaseUrl: database.url, redisUrl: redis.url },
    env: { DATABASE_URL: `${url.href.replace(url.host, hosts)}?target_session_attrs=read-write` },
    repair: () => patroni.whenReady(),
  };
}

export type WithPatroni = Awaited<ReturnType<typeof start>>;

/** Two Postgres that Patroni manages, both in DATABASE_URL. */
export const patroni: Topology<WithPatroni> = { name: "Patroni", programs: patroniPrograms, start };

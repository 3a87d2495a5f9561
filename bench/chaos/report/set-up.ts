import { drainDefaults } from "../../../src/config/variables/server-variables.ts";
import { requestIntervalMs } from "../load/load.ts";
import { ballastRows, settings, userCount } from "../testbed/testbed.ts";

const productionDrain = Object.values(drainDefaults(true))
  .map((ms) => `${ms / 1000} s`)
  .join(", ");

/** The setup of the measurement. */
export const setUp = `## Setup

- Load: ${userCount} users. Each user has an IP address of its own and starts a request every ${requestIntervalMs / 1000} s, even if the previous
  request has no response yet. The requests alternate between a public read (\`GET /api\`), an authenticated read of one row, and a
  write (\`POST /api/v1/properties\`). Every thirtieth request is a login instead.
- Data: the table \`properties\` holds ${ballastRows.toLocaleString("en")} more rows. Postgres flushes its WAL to disk at every commit. Redis writes its
  append-only file as configured in \`docker/\`.
- Topologies: most faults are injected into one Postgres and one Redis. The Postgres of a failover has a synchronous standby:
  both servers have the same DNS name, or both are hosts of \`DATABASE_URL\`, or Debian's Patroni and etcd manage them. The
  Redis of a failover has a replica and three Sentinels, or is a Cluster of three primaries and one replica. PgBouncer runs in
  transaction mode. The disk that fills up is a small tmpfs.
- Instances: \`node src/main.ts\` with the settings below. The three phases of the drain are shorter than in production
  (${productionDrain}), access tokens do not expire during the run, logins are not rate limited, and only warnings are
  logged. All other settings have their defaults.
- Network faults: a TCP proxy between one instance and its Postgres or Redis drops data (black hole) or delays it. The
  dropped data stays lost when the black hole ends.

Bounds:

- No acknowledged write is lost or stored twice.
- During a rolling restart, a reload or a migration, no attempt fails.
- When an instance or Redis fails, no request fails. When an instance is killed, only the attempts that it was processing fail.
- Authenticated reads fail for at most 0.5 s, the time that a breaker needs to open.
- At most two check intervals (4 s) after a store has recovered, requests succeed and every probe reports ready.
- The false-ready time is at most one check interval, two time-outs and 0.5 s (6.5 s).
- While a store answers but does not work, an attempt waits at most the time limit of a statement and 0.5 s (5.5 s).
- Half a minute after the last request, the instances hold no more connections and handles than before the faults, and at most
  1.1 times the memory.

The settings of the instances:

\`\`\`
${Object.entries(settings)
  .map(([name, value]) => `${name}=${value}`)
  .join("\n")}
\`\`\``;

import { requestIntervalMs } from "../load/load.ts";
import { ballastRows, settings, userCount } from "../world/world.ts";

/** The setup of the measurement. */
export const setUp = `## Setup

- Each of ${userCount} users has an address of its own and starts a request every ${requestIntervalMs / 1000} s, whether or not the previous one has been
  answered: in turn a public read (\`GET /api\`), an authenticated read of one row, and a write (\`POST /api/v1/properties\`);
  one of thirty requests is a login.
- The table of the writes holds ${ballastRows.toLocaleString("en")} other rows. Postgres flushes its WAL to disk at every commit; Redis writes its
  append-only file as configured in \`docker/\`.
- Most faults are injected into one Postgres and one Redis. A Postgres that fails over has a synchronous standby: both are under
  one DNS name, or both are hosts of \`DATABASE_URL\`, or Debian's Patroni and etcd manage them. A Redis that fails over has a
  replica and three Sentinels, or is a Cluster of three primaries with a replica. PgBouncer runs in transaction mode. The disk
  that gets full is a small one in memory.
- The instances run as \`node src/main.ts\` with the settings below: the drain is shorter than in production (8, 3 and 25 s),
  access tokens outlive the run, retried logins are not limited, and only warnings are logged. All other settings have their
  defaults.
- A TCP proxy between one instance and its Postgres or Redis injects the faults of a network path (black hole, delay). Data
  that is sent into a black hole is lost, so those connections have to be closed.
- Bounds: no acknowledged write is lost or stored twice; no attempt fails in a rolling restart, a reload or a migration; no
  request fails because of an instance or of Redis; when an instance dies, only the attempts fail that it was processing;
  authenticated reads fail for no longer than a breaker needs to open (0.5 s); requests succeed again, and every probe is
  ready, within two check intervals (4 s) after a store has recovered; the lie time is at most an interval, two time-outs and
  0.5 s (6.5 s); while a store answers but does not do its work, no attempt waits longer than the time limit of a statement
  and 0.5 s (5.5 s); half a minute after the last request, there are no more connections and handles than before the faults,
  and at most 1.1 times the memory.

\`\`\`
${Object.entries(settings)
  .map(([name, value]) => `${name}=${value}`)
  .join("\n")}
\`\`\``;

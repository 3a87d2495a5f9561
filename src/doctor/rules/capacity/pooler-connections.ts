import type { App } from "../../facts/app.ts";
import { type ConfigNumber, count, defined } from "../../facts/config-values.ts";
import type { PgBouncer, PooledDatabase } from "../../readers/pgbouncer/pgbouncer.ts";
import type { Rule, Violation } from "../../rule.ts";

/** Postgres reserves these connections for superusers. */
const superuserReserved = 3;

const ini = (lines: string): string => `[databases]
app = host=db port=5432 dbname=app
[pgbouncer]
listen_port = 6432
${lines}
`;
const database = "services:\n  db:\n    image: postgres:17.6\n    command: postgres -c max_connections=50\n";

/** Returns the connections that PgBouncer may open to one database, for one user. */
function maxConnectionsTo({ pool }: PooledDatabase, { reserve, maxPerDatabase }: PgBouncer): number {
  return Math.min(pool.value + reserve.value, maxPerDatabase?.value ?? Number.POSITIVE_INFINITY);
}

function violationsOf(pooler: PgBouncer, limit: ConfigNumber): Violation[] {
  return [...Map.groupBy(pooler.databases, ({ host }) => host).values()].flatMap((databases): Violation[] => {
    const sum = databases.reduce((total, one) => total + maxConnectionsTo(one, pooler), 0);
    const available = limit.value - superuserReserved;
    const [first] = databases;
    if (sum <= available || first === undefined) return [];
    const pools = [...new Map(databases.map(({ pool }) => [`${pool.at.line} ${pool.name}`, pool])).values()];
    return [
      {
        numbers: [
          ...pools,
          ...(pooler.reserve.value > 0 ? [pooler.reserve] : []),
          ...defined([pooler.maxPerDatabase]),
          limit,
        ],
        places: databases.map(({ at }) => at),
        message: `PgBouncer opens up to ${sum} connections for one user of ${databases.map(({ name }) => name).join(", ")}; Postgres allows ${limit.value} − ${superuserReserved} = ${available}.`,
      },
    ];
  });
}

type Clients = { total: number; numbers: readonly ConfigNumber[] };

function clientsOf(apps: readonly App[]): Clients {
  const shares = apps.flatMap(({ settings, replicas }) => {
    const pool = settings.number("DB_POOL_MAX");
    const { max, surge } = replicas ?? {};
    return pool === undefined || max === undefined || surge === undefined ? [] : [{ pool, max, surge }];
  });
  return {
    total: shares.reduce((sum, { pool, max, surge }) => sum + pool.value * (max.value + surge.value), 0),
    numbers: shares.flatMap(({ pool, max, surge }) => [pool, max, surge]),
  };
}

export const poolerConnectionRules: readonly Rule[] = [
  {
    id: "connections-pooler-more-than-database",
    severity: "error",
    title: "PgBouncer opens more connections than Postgres allows",
    impact: "Under load Postgres refuses connections of the pooler: requests wait for the query_wait_timeout and fail.",
    condition:
      "For one user, each database has at most (`pool_size` or `default_pool_size`, 20) + `reserve_pool_size` (0) connections, and at most `max_db_connections`. The sum over the databases of a host ≤ `max_connections` − 3. If no file defines a Postgres, `max_connections` is assumed to be 100",
    fix: "Lower default_pool_size, set max_db_connections, or raise max_connections.",
    example: {
      kind: "pgbouncer",
      alongside: { compose: database },
      broken: ini("default_pool_size = 60"),
      fixed: ini("default_pool_size = 30"),
    },
    find: ({ poolers, databases }) =>
      poolers.flatMap((pooler): Violation[] => {
        if (databases.includes("unknown")) return [];
        // If the files define several Postgres servers, it is unknown to which of them PgBouncer connects. The
        // largest limit is assumed.
        const known = databases.filter((one) => one !== "unknown").toSorted((a, b) => b.value - a.value)[0];
        const limit = known ?? count("max_connections", 100, pooler.at, "Postgres' default");
        return violationsOf(pooler, limit).map((one) => (known === undefined ? { ...one, confidence: "medium" } : one));
      }),
  },
  {
    id: "connections-more-than-pooler",
    severity: "error",
    title: "The application opens more connections than PgBouncer accepts",
    impact: "At full scale or during a release PgBouncer refuses clients: new instances never become ready.",
    condition:
      "`DB_POOL_MAX` · (maximum replicas + surge), added up for all workloads ≤ `max_client_conn` (default 100)",
    fix: "Raise max_client_conn: a client that waits costs PgBouncer a few kilobytes.",
    example: {
      kind: "pgbouncer",
      alongside: {
        compose:
          "services:\n  api:\n    image: api:1.0\n    expose: ['4000']\n    stop_grace_period: 45s\n    environment: { DB_POOL_MAX: '30' }\n    deploy: { replicas: 5 }\n",
      },
      broken: ini("max_client_conn = 100"),
      fixed: ini("max_client_conn = 500"),
    },
    find: ({ poolers, apps }) =>
      poolers.flatMap(({ maxClients }): Violation[] => {
        const { total, numbers } = clientsOf(apps);
        if (total <= maxClients.value) return [];
        return [
          {
            numbers: [maxClients, ...numbers],
            message: `The applications open up to ${total} connections, and PgBouncer accepts ${maxClients.value}.`,
          },
        ];
      }),
  },
  {
    id: "trap-pooler-transaction-mode",
    severity: "error",
    title: "Haven is not configured for a pooler in transaction mode",
    impact:
      "Each transaction may run on another connection: time limits that are set for a session do not hold, or PgBouncer refuses the connection because of them.",
    condition: "`DB_POOLER=transaction` where `pool_mode` is transaction or statement",
    fix: "Set DB_POOLER=transaction.",
    example: {
      kind: "pgbouncer",
      alongside: {
        compose:
          "services:\n  api:\n    image: api:1.0\n    expose: ['4000']\n    stop_grace_period: 45s\n    environment: { DRAIN_DELAY_MS: '8000', DB_POOL_MAX: '5' }\n",
      },
      broken: ini("pool_mode = transaction"),
      fixed: ini("pool_mode = session"),
    },
    find: ({ poolers, apps }) =>
      poolers
        .filter(({ poolMode }) => /^(?:transaction|statement)$/.test(poolMode.text))
        .flatMap(({ poolMode }) =>
          apps
            .filter(({ settings }) => settings.isHaven && settings.text("DB_POOLER")?.text !== "transaction")
            .map(
              ({ name, at, settings }): Violation => ({
                places: [poolMode.at, settings.text("DB_POOLER")?.at ?? at],
                message: `pool_mode is ${poolMode.text}, and ${name} has no DB_POOLER=transaction.`,
              }),
            ),
        ),
  },
];

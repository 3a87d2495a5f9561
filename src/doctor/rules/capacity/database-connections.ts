import type { App } from "../../facts/app.ts";
import { type ConfigNumber, count } from "../../facts/config-values.ts";
import type { Deployment } from "../../facts/deployment.ts";
import type { Rule, Violation } from "../../rule.ts";

/** Postgres reserves these connections for superusers. */
const superuserReserved = 3;

/** One connection for a migration, and five for people, exporters and backups. */
const adminConnections = 6;

/** Each instance opens one connection for its check of reading, and one for its check of writing. */
const checkConnections = 2;

type Share = { pool: ConfigNumber; numbers: readonly ConfigNumber[]; instances: number };

function connectionsOf({ settings, replicas }: App): Share | undefined {
  const pool = settings.number("DB_POOL_MAX");
  const { max, surge } = replicas ?? {};
  if (pool === undefined || max === undefined || surge === undefined) return undefined;
  return { pool, numbers: [pool, max, surge], instances: max.value + surge.value };
}

/** Returns whether the apps use Postgres. If no file mentions Postgres, their pools may belong to another database. */
const usesPostgres = (apps: readonly App[], { databases }: Deployment): boolean =>
  databases.length > 0 ||
  apps.some(({ settings }) => {
    const url = settings.text("DATABASE_URL");
    return settings.isHaven
      ? url === undefined || isPostgresUrl(url.text)
      : url !== undefined && isPostgresUrl(url.text);
  });

const isPostgresUrl = (url: string): boolean => /^postgres(?:ql)?(?:\+\w+)?:/.test(url);

/** Groups the apps that share a database. An app with an unknown database is in a group of its own. */
function groupsOf({ apps }: Deployment): App[][] {
  const appsByDatabase = Map.groupBy(
    apps.filter(({ database }) => database !== undefined),
    ({ database }) => database,
  );
  return [...appsByDatabase.values(), ...apps.filter(({ database }) => database === undefined).map((app) => [app])];
}

const total = (shares: readonly Share[], measure: (share: Share) => number): number =>
  shares.reduce((sum, share) => sum + measure(share), 0);

/** Formats a sum like `6 · 11 + 10 · 2`, with one product for each pool size. */
const productsOf = (shares: readonly Share[]): string =>
  [...Map.groupBy(shares, ({ pool }) => pool.value)]
    .map(([pool, sharesOfPool]) => `${pool} · ${total(sharesOfPool, ({ instances }) => instances)}`)
    .join(" + ");

/** Returns the severity and the message if the connections exceed the limit, or leave too few for other uses. */
function capacityProblem(connections: number, instances: number, limit: number, products: string) {
  const available = limit - superuserReserved;
  const allowed = `${limit} − ${superuserReserved} = ${available}`;
  const sum = `${products} = ${connections} connections`;
  if (connections > available) return { severity: "error", message: `${sum} must be at most ${allowed}.` } as const;
  if (connections + instances * checkConnections > available)
    return {
      severity: "warning",
      message: `${sum} fit into ${allowed}, but not with the ${checkConnections} connections that each of ${instances} instances opens for its health checks.`,
    } as const;
  if (connections + adminConnections > available)
    return {
      severity: "warning",
      message: `${sum} leave ${available - connections} of ${limit} − ${superuserReserved} for a migration, people and backups; keep ${adminConnections} free.`,
    } as const;
  return undefined;
}

export const databaseConnectionRules: readonly Rule[] = [
  {
    id: "connections-more-than-database",
    severity: "error",
    title: "The application opens more connections than Postgres allows",
    impact:
      "At full scale or during a release Postgres refuses connections: new instances never become ready, and running instances return 503.",
    condition:
      "`DB_POOL_MAX` · (maximum replicas + surge) ≤ `max_connections` (100 unless known) − 3 for superusers, added up for all workloads of one database. It is a warning if fewer than 6 connections remain for a migration, people and backups, or if the two health check connections of each instance do not fit",
    fix: "Lower DB_POOL_MAX or the number of replicas, or raise max_connections. A pool of 5 to 10 is enough.",
    example: {
      kind: "kubernetes",
      broken: scaled(10),
      fixed: scaled(6),
    },
    find(deployment) {
      // The application connects to the pooler, and not to Postgres.
      if (deployment.poolers.length > 0) return [];
      return groupsOf(deployment).flatMap((apps): Violation[] => {
        const shares = apps.map(connectionsOf).filter((share) => share !== undefined);
        const [first] = shares;
        if (first === undefined) return [];
        const place = first.numbers[1]?.at ?? first.pool.at;
        const limit = deployment.databases[0] ?? count("max_connections", 100, place, "Postgres' default");
        if (limit === "unknown" || !usesPostgres(apps, deployment)) return [];
        const connections = total(shares, ({ pool, instances }) => pool.value * instances);
        const instances = total(shares, (share) => share.instances);
        const found = capacityProblem(connections, instances, limit.value, productsOf(shares));
        if (found === undefined) return [];
        const numbers = [
          ...new Map(
            shares.flatMap((share) => share.numbers).map((one) => [`${one.name} ${one.at.file}:${one.at.line}`, one]),
          ).values(),
        ];
        const spare = Math.max(adminConnections, instances * checkConnections);
        const enough = Math.floor((limit.value - superuserReserved - spare) / instances);
        const limitNeeded = `max_connections to ${connections + spare + superuserReserved} or more.`;
        const fix = enough >= 1 ? `Set DB_POOL_MAX=${enough}, or raise ${limitNeeded}` : `Raise ${limitNeeded}`;
        return [{ ...found, numbers: [...numbers, limit], fix }];
      });
    },
  },
];

function scaled(pool: number): string {
  return `apiVersion: apps/v1
kind: Deployment
metadata: { name: api }
spec:
  replicas: 10
  selector: { matchLabels: { app: api } }
  strategy: { rollingUpdate: { maxSurge: 1 } }
  template:
    metadata: { labels: { app: api } }
    spec:
      containers:
        - name: api
          image: api:1.0
          env:
            - { name: DATABASE_URL, value: "postgres://db/app" }
            - { name: DB_POOL_MAX, value: "${pool}" }
`;
}

import { type ConfigNumber, count } from "../../config-values.ts";
import type { Deployment } from "../../deployment.ts";
import type { App } from "../../facts.ts";
import type { Rule, Violation } from "../../rule.ts";

/** Postgres keeps these for superusers. */
const superuserReserved = 3;

/** A migration, and five for people, exporters and backups. */
const adminConnections = 6;

type Share = { pool: ConfigNumber; numbers: readonly ConfigNumber[]; instances: number };

function shareOf({ settings, replicas }: App): Share | undefined {
  const pool = settings.number("DB_POOL_MAX");
  const { max, surge } = replicas ?? {};
  if (pool === undefined || max === undefined || surge === undefined) return undefined;
  return { pool, numbers: [pool, max, surge], instances: max.value + surge.value };
}

/** What shares a database is counted together; whose database nobody knows is held against the limit alone. */
function groupsOf({ apps }: Deployment): App[][] {
  const together = Map.groupBy(
    apps.filter(({ database }) => database !== undefined),
    ({ database }) => database,
  );
  return [...together.values(), ...apps.filter(({ database }) => database === undefined).map((app) => [app])];
}

const total = (shares: readonly Share[], of: (share: Share) => number): number =>
  shares.reduce((sum, share) => sum + of(share), 0);

/** `6 · 11 + 10 · 2`: those with pools of one size together. */
const productsOf = (shares: readonly Share[]): string =>
  [...Map.groupBy(shares, ({ pool }) => pool.value)]
    .map(([pool, same]) => `${pool} · ${total(same, ({ instances }) => instances)}`)
    .join(" + ");

/** What is too much, and how bad it is. */
function capacityProblem(connections: number, instances: number, limit: number, products: string) {
  const room = limit - superuserReserved;
  const allowed = `${limit} − ${superuserReserved} = ${room}`;
  const sum = `${products} = ${connections} connections`;
  if (connections > room) return { severity: "error", message: `${sum} would have to be at most ${allowed}.` } as const;
  if (connections + instances > room)
    return {
      severity: "warning",
      message: `${sum} fit into ${allowed}, but not with the one more that each of ${instances} instances opens for its health checks.`,
    } as const;
  if (connections + adminConnections > room)
    return {
      severity: "warning",
      message: `${sum} leave ${room - connections} of ${limit} − ${superuserReserved} for a migration, people and backups; ${adminConnections} would be right.`,
    } as const;
  return undefined;
}

export const databaseConnectionRules: readonly Rule[] = [
  {
    id: "connections-more-than-database",
    severity: "error",
    title: "More connections are opened than Postgres allows",
    impact:
      "When it matters, at full scale or in the middle of a release, Postgres refuses connections: new instances never become ready, and users get 503 from those that are.",
    condition:
      "`DB_POOL_MAX` · (most replicas + surge) ≤ `max_connections` (100 unless known) − 3 for superusers, all workloads of one database together; with less than 6 left for a migration, people and backups, or without one for the health checks of each instance, it is a warning",
    fix: "Lower DB_POOL_MAX or the number of replicas, or raise max_connections (a pool of 5 to 10 is plenty).",
    example: {
      kind: "kubernetes",
      broken: scaled(10),
      fixed: scaled(6),
    },
    find(deployment) {
      return groupsOf(deployment).flatMap((apps): Violation[] => {
        const shares = apps.map(shareOf).filter((share) => share !== undefined);
        const [first] = shares;
        if (first === undefined) return [];
        const place = first.numbers[1]?.at ?? first.pool.at;
        const limit = deployment.databases[0] ?? count("max_connections", 100, place, "Postgres' default");
        if (limit === "unknown") return [];
        const connections = total(shares, ({ pool, instances }) => pool.value * instances);
        const instances = total(shares, (share) => share.instances);
        const found = capacityProblem(connections, instances, limit.value, productsOf(shares));
        if (found === undefined) return [];
        const numbers = [
          ...new Map(
            shares.flatMap((share) => share.numbers).map((one) => [`${one.name} ${one.at.file}:${one.at.line}`, one]),
          ).values(),
        ];
        const spare = Math.max(adminConnections, instances);
        const enough = Math.floor((limit.value - superuserReserved - spare) / instances);
        const raise = `aise max_connections to ${connections + spare + superuserReserved} or more.`;
        const fix = enough >= 1 ? `Set DB_POOL_MAX=${enough}, or r${raise}` : `R${raise}`;
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
            - { name: DB_POOL_MAX, value: "${pool}" }
`;
}

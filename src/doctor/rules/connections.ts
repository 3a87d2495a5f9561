import { type App, count, type Told } from "../facts.ts";
import type { Found, Rule } from "../rule.ts";
import type { Setup } from "../setup.ts";

/** Postgres keeps these for superusers. */
const reserved = 3;
/** A migration, and five for people, exporters and backups. */
const admin = 6;

type Share = { pool: Told; numbers: readonly Told[]; instances: number; connections: number };

function shareOf({ settings, replicas, at }: App): Share | undefined {
  const pool = settings.number("DB_POOL_MAX");
  if (pool === undefined || replicas === undefined) return undefined;
  const { most, surge } = replicas;
  const instances = most.value + surge.value;
  // One connection beside the pool is the health checks'.
  return {
    pool: { ...pool, at: pool.at ?? at },
    numbers: [pool, most, surge],
    instances,
    connections: (pool.value + 1) * instances,
  };
}

/** Services of one Compose file share its database; each workload of a cluster is held against the limit alone. */
function groupsOf({ apps, compose }: Setup): App[][] {
  const together = compose.map((file) => apps.filter((app) => app.platform === "compose" && app.at.file === file.file));
  const alone = apps.filter(({ platform }) => platform !== "compose").map((app) => [app]);
  return [...together, ...alone];
}

export const connectionRules: readonly Rule[] = [
  {
    id: "connections-more-than-database",
    severity: "error",
    title: "More connections are opened than Postgres allows",
    reason:
      "When it matters, at full scale or in the middle of a release, Postgres refuses connections: new instances never become ready, and users get 503 from those that are.",
    arithmetic:
      "(`DB_POOL_MAX` + 1 for the health checks) · (most replicas + surge) ≤ `max_connections` (100 unless known) − 3 for superusers; with less than 6 left for a migration, people and backups it is a warning",
    fix: "Lower DB_POOL_MAX or the number of replicas, or raise max_connections (a pool of 5 to 10 is plenty).",
    example: {
      kind: "kubernetes",
      broken: scaled(10),
      mended: scaled(6),
    },
    find(setup) {
      return groupsOf(setup).flatMap((apps): Found[] => {
        const shares = apps.map(shareOf).filter((share) => share !== undefined);
        const [first] = shares;
        if (first === undefined) return [];
        const place = first.numbers[1]?.at ?? first.pool.at;
        const limit = setup.databases[0] ?? count("max_connections", 100, place, "Postgres' default");
        const total = shares.reduce((sum, { connections }) => sum + connections, 0);
        const room = limit.value - reserved;
        if (total + admin <= room) return [];
        const instances = shares.reduce((sum, share) => sum + share.instances, 0);
        const over = total > room;
        const sums = `(${first.pool.value} + 1) · ${instances} = ${total}`;
        const numbers = [
          ...new Map(
            shares.flatMap((share) => share.numbers).map((one) => [`${one.name} ${one.at.file}:${one.at.line}`, one]),
          ).values(),
        ];
        const enough = Math.floor((room - admin) / instances) - 1;
        return [
          {
            severity: over ? "error" : "warning",
            numbers: [...numbers, limit],
            says: over
              ? `${sums} connections would have to be at most ${limit.value} − ${reserved} = ${room}.`
              : `${sums} connections leave ${room - total} of ${limit.value} − ${reserved} for a migration, people and backups; ${admin} would be right.`,
            fix:
              enough >= 1
                ? `Set DB_POOL_MAX=${enough}, or raise max_connections to ${total + admin + reserved} or more.`
                : `Raise max_connections to ${total + admin + reserved} or more.`,
          },
        ];
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

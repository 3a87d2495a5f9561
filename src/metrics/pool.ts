import type { Metrics } from "./registry.ts";

export type PoolCounts = {
  counts(): { total: number; idle: number; max: number; waiting: number; pipelined: number };
};

export function addPoolMetrics(metrics: Pick<Metrics, "add">, pool: PoolCounts): void {
  metrics.add(
    {
      name: "pg_pool_connections",
      help: "Connections to Postgres by state; pipelined: shared by short reads; waiting: callers without a connection.",
      type: "gauge",
      samples() {
        const { total, idle, waiting, pipelined } = pool.counts();
        return [
          { labels: { state: "active" }, value: total - idle },
          { labels: { state: "idle" }, value: idle },
          { labels: { state: "pipelined" }, value: pipelined },
          { labels: { state: "waiting" }, value: waiting },
        ];
      },
    },
    {
      name: "pg_pool_connections_max",
      help: "Maximum number of active and idle connections to Postgres.",
      type: "gauge",
      samples: () => [{ labels: {}, value: pool.counts().max }],
    },
  );
}

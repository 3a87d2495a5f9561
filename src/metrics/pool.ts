import type { Metrics } from "./registry.ts";

export type PoolCounts = { counts(): { total: number; idle: number; waiting: number } };

export function addPoolMetrics(metrics: Pick<Metrics, "add">, pool: PoolCounts, max: number): void {
  metrics.add(
    {
      name: "pg_pool_connections",
      help: "Connections of the pool by state; waiting are callers without one.",
      type: "gauge",
      samples() {
        const { total, idle, waiting } = pool.counts();
        return [
          { labels: { state: "active" }, value: total - idle },
          { labels: { state: "idle" }, value: idle },
          { labels: { state: "waiting" }, value: waiting },
        ];
      },
    },
    {
      name: "pg_pool_connections_max",
      help: "Connections that the pool may open.",
      type: "gauge",
      samples: () => [{ labels: {}, value: max }],
    },
  );
}

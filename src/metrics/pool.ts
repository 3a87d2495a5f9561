import type { Metrics } from "./registry.ts";

export type PoolCounts = { counts(): { total: number; idle: number; waiting: number } };

export function addPoolMetrics(metrics: Pick<Metrics, "add">, pool: PoolCounts, max: number): void {
  metrics.add(
    {
      name: "pg_pool_connections",
      help: "Pool connections by state; waiting: callers without a connection.",
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
      help: "Maximum number of pool connections.",
      type: "gauge",
      samples: () => [{ labels: {}, value: max }],
    },
  );
}

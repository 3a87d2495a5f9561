import type { MetricsSink } from "./metrics-sink.ts";

export type FleetSource = {
  /** Number of instances by reported state, including this one. */
  states(): Readonly<Record<string, number>>;
  loadSpread(): number | null;
  decisions(): Readonly<Record<string, number>>;
};

const states = ["ready", "degraded", "not_ready", "starting", "draining"] as const;

export function addFleetMetrics(metrics: Pick<MetricsSink, "add">, source: FleetSource): void {
  metrics.add(
    {
      name: "fleet_instances",
      help: "Instances of the fleet, including this one, by reported state.",
      type: "gauge",
      samples: () => {
        const counts = source.states();
        return states.map((state) => ({ labels: { state }, value: counts[state] ?? 0 }));
      },
    },
    {
      name: "fleet_load_spread_ratio",
      help: "Largest relative difference of an instance in rotation from the average request rate: 0.2 is 20 %.",
      type: "gauge",
      // NaN while there is too little data, so that queries still find the metric.
      samples: () => [{ labels: {}, value: source.loadSpread() ?? Number.NaN }],
    },
    {
      name: "ready_policy_decisions_total",
      help: "Decisions of READY_POLICY=outlier about failing critical checks.",
      type: "counter",
      samples: () => Object.entries(source.decisions()).map(([decision, value]) => ({ labels: { decision }, value })),
    },
  );
}

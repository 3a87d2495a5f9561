import type { Metrics } from "./registry.ts";

export type FleetSource = {
  /** How many instances say what of themselves, this one among them. */
  states(): Readonly<Record<string, number>>;
  loadSpread(): number | null;
  decisions(): Readonly<Record<string, number>>;
};

const states = ["ready", "degraded", "not_ready", "starting", "draining"] as const;

export function addFleetMetrics(metrics: Pick<Metrics, "add">, source: FleetSource): void {
  metrics.add(
    {
      name: "fleet_instances",
      help: "Instances that this one knows of, itself among them, by what they say of themselves.",
      type: "gauge",
      samples: () => {
        const counts = source.states();
        return states.map((state) => ({ labels: { state }, value: counts[state] ?? 0 }));
      },
    },
    {
      name: "fleet_load_spread_ratio",
      help: "By how much the instance in rotation that differs most differs from the average in requests: 0.2 is a fifth.",
      type: "gauge",
      // With too little to compare nobody knows; that is told too, so that a query finds the metric.
      samples: () => [{ labels: {}, value: source.loadSpread() ?? Number.NaN }],
    },
    {
      name: "ready_policy_decisions_total",
      help: "What READY_POLICY=outlier decided of critical checks that were down.",
      type: "counter",
      samples: () => Object.entries(source.decisions()).map(([decision, value]) => ({ labels: { decision }, value })),
    },
  );
}

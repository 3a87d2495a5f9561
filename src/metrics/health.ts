import type { Family } from "./exposition.ts";
import { createDurations, type Durations } from "./histogram.ts";
import type { Metrics } from "./registry.ts";

const durationBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5] as const;

export type HealthSource = {
  checks(): readonly { name: string; status: string; consecutiveFailures: number }[];
  phase(): string;
  ready(): boolean;
  probes(): readonly { probe: string; status: number; count: number }[];
  changes(): readonly { kind: string; name: string; to: string; count: number }[];
};

const phases = ["starting", "ready", "draining", "stopped"] as const;

export function createHealthMetrics(metrics: Pick<Metrics, "add">, source: HealthSource) {
  const seenByCheck = new Map<string, { durations: Durations; failures: number }>();
  const families: readonly Family[] = [
    {
      name: "health_check_up",
      help: "Whether the check is believed to be up.",
      type: "gauge",
      samples: () =>
        source.checks().map(({ name, status }) => ({ labels: { check: name }, value: status === "up" ? 1 : 0 })),
    },
    {
      name: "health_check_duration_seconds",
      help: "How long single runs of the check took.",
      type: "histogram",
      samples: () => [...seenByCheck].flatMap(([check, { durations }]) => durations.samples({ check })),
    },
    {
      name: "health_check_failures_total",
      help: "Single runs of the check that failed, confirmed or not.",
      type: "counter",
      samples: () => [...seenByCheck].map(([check, { failures }]) => ({ labels: { check }, value: failures })),
    },
    {
      name: "health_check_consecutive_failures",
      help: "Runs of the check that failed in a row, up to now.",
      type: "gauge",
      samples: () =>
        source
          .checks()
          .map(({ name, consecutiveFailures }) => ({ labels: { check: name }, value: consecutiveFailures })),
    },
    {
      name: "health_state_changes_total",
      help: "Changes of state by what changed and what it became.",
      type: "counter",
      samples: () => source.changes().map(({ count, ...labels }) => ({ labels, value: count })),
    },
    {
      name: "health_ready",
      help: "Whether the instance says that it is ready.",
      type: "gauge",
      samples: () => [{ labels: {}, value: source.ready() ? 1 : 0 }],
    },
    {
      name: "health_probes_total",
      help: "Probes answered, by kind and status.",
      type: "counter",
      samples: () => source.probes().map(({ count, ...labels }) => ({ labels, value: count })),
    },
    {
      name: "lifecycle_phase",
      help: "1 for the phase that the process is in.",
      type: "gauge",
      samples: () => phases.map((phase) => ({ labels: { phase }, value: phase === source.phase() ? 1 : 0 })),
    },
  ];
  metrics.add(...families);

  return {
    observe(check: string, seen: { ok: boolean; latencyMs: number }): void {
      const entry = seenByCheck.get(check) ?? { durations: createDurations(durationBuckets), failures: 0 };
      seenByCheck.set(check, entry);
      entry.durations.observe(seen.latencyMs / 1000);
      if (!seen.ok) entry.failures += 1;
    },
  };
}

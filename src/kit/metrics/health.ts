import type { Reason } from "../../core/errors/failure-reason.ts";
import { createDurations, type Durations } from "../../core/metrics/durations.ts";
import type { Family } from "../../core/metrics/exposition.ts";
import type { MetricsSink } from "./metrics-sink.ts";

const durationBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5] as const;

/** The values that the samples are read from. */
export type HealthSource = {
  checks(): readonly { name: string; status: string; capabilities: readonly CapabilitySource[] }[];
  phase(): string;
  ready(): boolean;
  probes(): readonly { probe: string; status: number; count: number }[];
  changes(): readonly { kind: string; name: string; to: string; count: number }[];
};

type CapabilitySource = {
  name: string;
  capability: string | undefined;
  status: string;
  reason: Reason | null;
  consecutiveFailures: number;
};

const phases = ["starting", "ready", "draining", "stopped"] as const;

export function createHealthMetrics(metrics: Pick<MetricsSink, "add">, source: HealthSource) {
  const runsByCheck = new Map<string, { durations: Durations; failures: number }>();
  const families: readonly Family[] = [
    {
      name: "health_check_up",
      help: "1 while the check is up or impaired, else 0.",
      type: "gauge",
      samples: () =>
        source.checks().map(({ name, status }) => ({
          labels: { check: name },
          value: status === "up" || status === "impaired" ? 1 : 0,
        })),
    },
    {
      name: "health_capability",
      help: "1 while this capability of the dependency is up, else 0.",
      type: "gauge",
      samples: () =>
        source
          .checks()
          .flatMap(({ name, capabilities }) =>
            capabilities.flatMap(({ capability, status }) =>
              capability === undefined ? [] : [{ labels: { check: name, capability }, value: status === "up" ? 1 : 0 }],
            ),
          ),
    },
    {
      // The reasons are a closed set, so the number of series is limited.
      name: "health_capability_reason",
      help: "1 for the reason why this capability of the dependency is down. No sample while it is not down.",
      type: "gauge",
      samples: () =>
        source
          .checks()
          .flatMap(({ name, capabilities }) =>
            capabilities.flatMap(({ capability, status, reason }) =>
              capability === undefined || status !== "down" || reason === null
                ? []
                : [{ labels: { check: name, capability, reason }, value: 1 }],
            ),
          ),
    },
    {
      name: "health_check_duration_seconds",
      help: "Duration of one run of the check.",
      type: "histogram",
      samples: () => [...runsByCheck].flatMap(([check, { durations }]) => durations.samples({ check })),
    },
    {
      name: "health_check_failures_total",
      help: "Failed runs of the check, including failures that did not change the state of the check.",
      type: "counter",
      samples: () => [...runsByCheck].map(([check, { failures }]) => ({ labels: { check }, value: failures })),
    },
    {
      name: "health_check_consecutive_failures",
      help: "Consecutive failed runs of the check.",
      type: "gauge",
      samples: () =>
        source
          .checks()
          .flatMap(({ capabilities }) => capabilities)
          .map(({ name, consecutiveFailures }) => ({ labels: { check: name }, value: consecutiveFailures })),
    },
    {
      name: "health_state_changes_total",
      help: "State changes by kind (check, breaker, phase or verdict), name and new state.",
      type: "counter",
      samples: () => source.changes().map(({ count, ...labels }) => ({ labels, value: count })),
    },
    {
      name: "health_ready",
      help: "1 while the instance reports ready, else 0.",
      type: "gauge",
      samples: () => [{ labels: {}, value: source.ready() ? 1 : 0 }],
    },
    {
      name: "health_probes_total",
      help: "Answered probes, by kind and status.",
      type: "counter",
      samples: () => source.probes().map(({ count, ...labels }) => ({ labels, value: count })),
    },
    {
      name: "lifecycle_phase",
      help: "1 for the current phase of the process.",
      type: "gauge",
      samples: () => phases.map((phase) => ({ labels: { phase }, value: phase === source.phase() ? 1 : 0 })),
    },
  ];
  metrics.add(...families);

  return {
    observe(check: string, result: { ok: boolean; latencyMs: number }): void {
      const entry = runsByCheck.get(check) ?? { durations: createDurations(durationBuckets), failures: 0 };
      runsByCheck.set(check, entry);
      entry.durations.observe(result.latencyMs / 1000);
      if (!result.ok) entry.failures += 1;
    },
  };
}

import { collectDefaultMetrics, type MetricObjectWithValues, type MetricValue, Registry } from "prom-client";
import { type Exposition, type ExpositionFormat, expose, type Family } from "../core/metrics/exposition.ts";

/** prom-client names three gauges like counters, which promtool rejects. */
const misnamed = ["nodejs_active_handles_total", "nodejs_active_requests_total", "nodejs_active_resources_total"];

/** Creates the registry of one server. It is not global, so that one process can run two servers. */
export function createMetrics({ version, instance }: { version: string; instance: string }) {
  const runtime = new Registry();
  collectDefaultMetrics({ register: runtime, eventLoopMonitoringPrecision: 20 });
  for (const name of misnamed) runtime.removeSingleMetric(name);

  const families: Family[] = [
    {
      name: "app_info",
      help: "Version and instance of this process; always 1.",
      type: "gauge",
      samples: () => [{ labels: { version, instance, node: process.version }, value: 1 }],
    },
  ];

  return {
    add: (...more: readonly Family[]): void => void families.push(...more),
    async expose(format: ExpositionFormat): Promise<Exposition> {
      const defaults = await runtime.getMetricsAsJSON();
      return expose([...families, ...defaults.map(fromRuntime)], format);
    },
  };
}

export type Metrics = ReturnType<typeof createMetrics>;

type RuntimeMetric = MetricObjectWithValues<MetricValue<string>>;

function fromRuntime({ name, help, type, values }: RuntimeMetric): Family {
  return {
    name,
    help,
    type: typeNames[String(type)] ?? "gauge",
    samples: () =>
      values.map((sample) => {
        const metricName = "metricName" in sample ? String(sample.metricName) : name;
        const suffix = suffixes.find((ending) => metricName === name + ending);
        const labels = Object.fromEntries(Object.entries(sample.labels).map(([key, value]) => [key, value ?? ""]));
        return suffix ? { labels, value: sample.value, suffix } : { labels, value: sample.value };
      }),
  };
}

const suffixes = ["_bucket", "_sum", "_count"] as const;
const typeNames: Readonly<Record<string, Family["type"]>> = {
  counter: "counter",
  gauge: "gauge",
  histogram: "histogram",
  summary: "summary",
};

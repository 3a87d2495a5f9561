import type { Family } from "../../core/metrics/exposition.ts";
import type { MetricsSink } from "./metrics-sink.ts";

/** A registry of prom-client. The kit adds its metrics to it and does not depend on the package. */
export type PromClientRegistry = {
  readonly contentType: string;
  metrics(): Promise<string>;
  registerMetric(metric: never): void;
};

/** Creates a sink that adds the metrics to the registry, which determines the format of `/metrics`. */
export const promClientSink = (registry: PromClientRegistry): MetricsSink => ({
  add(...families) {
    for (const family of families) registry.registerMetric(toPromClient(family) as never);
  },
  expose: async () => ({ contentType: registry.contentType, body: await registry.metrics() }),
});

/** Returns the fields of a metric that a registry reads. The registry renames counters in the OpenMetrics format. */
const toPromClient = ({ name, help, type, samples }: Family) => ({
  name,
  help,
  type,
  aggregator: "sum",
  async get() {
    const values = samples().map(({ labels, value, suffix }) => ({
      labels,
      value,
      ...(suffix !== undefined && { metricName: name + suffix }),
    }));
    return { name: this.name, help, type, aggregator: "sum", values };
  },
  /** The kit keeps the numbers, so there is nothing to reset. */
  reset: (): void => undefined,
});

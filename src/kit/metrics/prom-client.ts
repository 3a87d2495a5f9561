import type { Family } from "../../core/metrics/exposition.ts";
import type { MetricsSink } from "./metrics-sink.ts";

/**
 * A registry of prom-client. The kit adds its metrics to it and does not depend on the package.
 * @example const registry: PromClientRegistry = new Registry();
 */
export type PromClientRegistry = {
  /** The content type of `metrics()`. */
  readonly contentType: string;
  /** Returns the text of all metrics. */
  metrics(): Promise<string>;
  /** Adds a metric. */
  registerMetric(metric: never): void;
};

/** Creates a sink that adds the metrics to the registry, which determines the format of `/metrics`. */
export const promClientSink = (registry: PromClientRegistry): MetricsSink => ({
  add(...families) {
    for (const family of families) register(registry, family);
  },
  expose: async () => ({ contentType: registry.contentType, body: await registry.metrics() }),
});

function register(registry: PromClientRegistry, family: Family): void {
  try {
    registry.registerMetric(toPromClient(family) as never);
  } catch (cause) {
    const message = `The prom-client registry refuses the metric "${family.name}". If it has a metric of this name already, give the kit a registry of its own and merge both with Registry.merge.`;
    throw new Error(message, { cause });
  }
}

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

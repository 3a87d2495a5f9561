import type { Exposition, ExpositionFormat, Family } from "../../core/metrics/exposition.ts";

/** Where the metrics of the kit go, and what `/metrics` answers with. */
export type MetricsSink = {
  add(...families: readonly Family[]): void;
  expose(format: ExpositionFormat): Promise<Exposition>;
};

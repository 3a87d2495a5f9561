import type { Exposition, ExpositionFormat, Family } from "../../core/metrics/exposition.ts";

/** Receives the metrics of the kit, and produces the response of `/metrics`. */
export type MetricsSink = {
  add(...families: readonly Family[]): void;
  expose(format: ExpositionFormat): Promise<Exposition>;
};

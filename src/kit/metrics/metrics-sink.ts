import type { Exposition, ExpositionFormat, Family } from "../../core/metrics/exposition.ts";

/**
 * Receives the metrics of the kit, and produces the response of `/metrics`.
 * @example createHealth({ service: "orders", metrics: { add: (...more) => all.push(...more), expose } });
 */
export type MetricsSink = {
  /** Receives further metrics. */
  add(...families: readonly Family[]): void;
  /** Returns the response of `/metrics`. */
  expose(format: ExpositionFormat): Promise<Exposition>;
};

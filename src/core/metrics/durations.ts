import type { Exemplar, Sample } from "./exposition.ts";

/** Counts durations in buckets. The samples are created only when Prometheus scrapes. */
export function createDurations(bounds: readonly number[]) {
  const buckets = new Float64Array(bounds.length);
  /** The latest traced duration of each bucket. The last entry is for durations above all bounds. */
  let exemplars: (Exemplar | undefined)[] | undefined;
  let sum = 0;
  let count = 0;
  return {
    observe(seconds: number, traceId?: string): void {
      const index = bounds.findIndex((bound) => seconds <= bound);
      if (index !== -1) buckets[index] = (buckets[index] ?? 0) + 1;
      sum += seconds;
      count += 1;
      if (traceId === undefined) return;
      exemplars ??= [];
      exemplars[index === -1 ? bounds.length : index] = { traceId, value: seconds, atSeconds: Date.now() / 1000 };
    },
    count: (): number => count,
    samples(labels: Readonly<Record<string, string>>): Sample[] {
      let cumulative = 0;
      const bounded = bounds.map((le, index): Sample => {
        cumulative += buckets[index] ?? 0;
        return withExemplar({ labels: { ...labels, le }, value: cumulative, suffix: "_bucket" }, exemplars?.[index]);
      });
      return [
        ...bounded,
        withExemplar(
          { labels: { ...labels, le: "+Inf" }, value: count, suffix: "_bucket" },
          exemplars?.[bounds.length],
        ),
        { labels, value: sum, suffix: "_sum" },
        { labels, value: count, suffix: "_count" },
      ];
    },
  };
}

const withExemplar = (sample: Sample, exemplar: Exemplar | undefined): Sample =>
  exemplar === undefined ? sample : { ...sample, exemplar };

export type Durations = ReturnType<typeof createDurations>;

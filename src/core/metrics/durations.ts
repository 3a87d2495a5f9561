import type { Sample } from "./exposition.ts";

/** Counts durations in plain numbers; the samples are built at the scrape. */
export function createDurations(bounds: readonly number[]) {
  const buckets = new Float64Array(bounds.length);
  let sum = 0;
  let count = 0;
  return {
    observe(seconds: number): void {
      const index = bounds.findIndex((bound) => seconds <= bound);
      if (index !== -1) buckets[index] = (buckets[index] ?? 0) + 1;
      sum += seconds;
      count += 1;
    },
    count: (): number => count,
    samples(labels: Readonly<Record<string, string>>): Sample[] {
      let cumulative = 0;
      const bounded = bounds.map((le, index): Sample => {
        cumulative += buckets[index] ?? 0;
        return { labels: { ...labels, le }, value: cumulative, suffix: "_bucket" };
      });
      return [
        ...bounded,
        { labels: { ...labels, le: "+Inf" }, value: count, suffix: "_bucket" },
        { labels, value: sum, suffix: "_sum" },
        { labels, value: count, suffix: "_count" },
      ];
    },
  };
}

export type Durations = ReturnType<typeof createDurations>;

/** Median, minimum and maximum of several measurements. */
export type Spread = { median: number; min: number; max: number };

/** One contender in a chart. */
export type Bar = { label: string; spread: Spread; ours: boolean };

export function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  return { median: quantile(sorted, 0.5), min: sorted[0] ?? 0, max: sorted.at(-1) ?? 0 };
}

/** Returns the ratio of each round. A machine that is slow during a round slows down both contenders. */
export const ratios = (ours: readonly number[], theirs: readonly number[]): number[] =>
  ours.map((value, round) => value / (theirs[round] ?? Number.NaN));

/** Returns a quantile of sorted values, interpolated between the two nearest. */
export function quantile(sorted: readonly number[], share: number): number {
  const at = (sorted.length - 1) * share;
  const below = sorted[Math.floor(at)] ?? 0;
  const above = sorted[Math.ceil(at)] ?? below;
  return below + (above - below) * (at - Math.floor(at));
}

/** Returns the figures of every contender relative to one of them. */
export const barsOf = (measured: Readonly<Record<string, readonly number[]>>, reference: string): Bar[] =>
  Object.entries(measured).map(([label, values]) => ({
    label,
    spread: spreadOf(ratios(values, measured[reference] ?? [])),
    ours: label === "Haven",
  }));

/** One result of a check, for the sparklines. */
export type Sample = { at: number; latencyMs: number; ok: boolean };

const keepMs = 600_000;

/** Keeps the results of each check for ten minutes. */
export function createSamples(clock: { now(): number }) {
  const byCheck = new Map<string, Sample[]>();
  return {
    add(name: string, { latencyMs, ok }: { latencyMs: number; ok: boolean }): void {
      const samples = byCheck.get(name) ?? [];
      byCheck.set(name, samples);
      const at = clock.now();
      samples.push({ at, latencyMs, ok });
      while ((samples[0]?.at ?? at) < at - keepMs) samples.shift();
    },
    of: (name: string): readonly Sample[] => byCheck.get(name) ?? [],
  };
}

export type Samples = ReturnType<typeof createSamples>;

const mostKeys = 10_000;

/** Attempts within a sliding window, in this process. Bounded: when it is full, whoever is unknown is let wait. */
export function createLocalWindow({ windowMs, limit }: { windowMs: number; limit: number }) {
  const attemptsByKey = new Map<string, number[]>();

  const recent = (key: string, now: number): number[] =>
    (attemptsByKey.get(key) ?? []).filter((at) => at > now - windowMs);

  const prune = (now: number) => {
    for (const key of attemptsByKey.keys()) if (recent(key, now).length === 0) attemptsByKey.delete(key);
  };

  return {
    /** Counts an attempt for all keys, or gives the ms until the next one is let in. */
    attempt(keys: readonly string[], now: number): number {
      const attempts = keys.map((key) => recent(key, now));
      const waits = attempts
        .filter((times) => times.length >= limit)
        .map((times) => (times[0] ?? now) + windowMs - now);
      if (waits.length > 0) return Math.max(...waits);
      if (attemptsByKey.size > mostKeys) prune(now);
      if (attemptsByKey.size > mostKeys) return windowMs;
      for (const [index, key] of keys.entries()) attemptsByKey.set(key, [...(attempts[index] ?? []), now]);
      return 0;
    },
  };
}

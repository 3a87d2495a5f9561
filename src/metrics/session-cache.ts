import type { Metrics } from "./registry.ts";

export type SessionCacheSource = {
  counts(): { hits: number; misses: number; invalidations: number; entries: number; bytes: number };
  /** Why the cache is off; undefined while it is on. */
  offReason(): string | undefined;
};

export function addSessionCacheMetrics(metrics: Pick<Metrics, "add">, { counts, offReason }: SessionCacheSource): void {
  metrics.add(
    {
      name: "session_cache_on",
      help: "1 while sessions are remembered, 0 while each request reads its session from Redis.",
      type: "gauge",
      samples: () => [{ labels: {}, value: offReason() === undefined ? 1 : 0 }],
    },
    {
      // The reasons are a closed set, so the number of series is limited.
      name: "session_cache_off_reason",
      help: "1 for the reason why sessions are not remembered. No sample while they are remembered.",
      type: "gauge",
      samples() {
        const reason = offReason();
        return reason === undefined ? [] : [{ labels: { reason }, value: 1 }];
      },
    },
    {
      name: "session_cache_lookups_total",
      help: "Session look-ups of requests. hit: answered from memory. miss: read from Redis.",
      type: "counter",
      samples: () => [
        { labels: { result: "hit" }, value: counts().hits },
        { labels: { result: "miss" }, value: counts().misses },
      ],
    },
    {
      name: "session_cache_invalidations_total",
      help: "Remembered sessions dropped because they have changed.",
      type: "counter",
      samples: () => [{ labels: {}, value: counts().invalidations }],
    },
    {
      name: "session_cache_entries",
      help: "Sessions in memory.",
      type: "gauge",
      samples: () => [{ labels: {}, value: counts().entries }],
    },
    {
      name: "session_cache_bytes",
      help: "Estimated memory of the remembered sessions.",
      type: "gauge",
      samples: () => [{ labels: {}, value: counts().bytes }],
    },
  );
}

/** Counts revocations. "confirmed": all instances reported in time that they refuse the revoked sessions. */
export function createConfirmationMetric(metrics: Pick<Metrics, "add">) {
  const counts = { confirmed: 0, timed_out: 0 };
  metrics.add({
    name: "session_revocation_waits_total",
    help: "Revocations that waited until all instances refuse the sessions. timed_out: an instance did not confirm in time.",
    type: "counter",
    samples: () => Object.entries(counts).map(([result, value]) => ({ labels: { result }, value })),
  });
  return (isConfirmed: boolean): void => {
    counts[isConfirmed ? "confirmed" : "timed_out"] += 1;
  };
}

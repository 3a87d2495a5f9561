import type { Row } from "./build.ts";

const selected = 'job="haven-api", instance=~"$instance"';

/** While the cache is off, each request makes a round trip to Redis. That is not an error. */
export const sessionCache: Row = {
  title: "Remembered sessions",
  panels: [
    {
      title: "Session cache",
      description:
        "Off: each request reads its session from Redis, because SESSION_CACHE is off, in a Cluster, or while the connection that reports changes is broken or silent.",
      kind: "state-timeline",
      unit: "short",
      width: 12,
      states: { 0: ["off", "yellow"], 1: ["on", "green"] },
      queries: [{ expr: `min by (instance) (session_cache_on{${selected}})`, legend: "{{instance}}" }],
    },
    {
      title: "Why the session cache is off",
      description: "Instances whose cache is off, and the reason. Empty if all caches are on.",
      kind: "table",
      unit: "short",
      width: 12,
      queries: [{ expr: `max by (instance, reason) (session_cache_off_reason{${selected}})` }],
    },
    {
      title: "Session look-ups",
      description: "Per second: hit is answered from memory, miss is read from Redis.",
      kind: "timeseries",
      unit: "ops",
      width: 8,
      min: 0,
      stacked: true,
      queries: [
        { expr: `sum by (result) (rate(session_cache_lookups_total{${selected}}[$interval]))`, legend: "{{result}}" },
      ],
    },
    {
      title: "Share of look-ups answered from memory",
      description:
        "It falls after a start and while the cache is off. If it stays low, there are more active sessions than the cache holds, or they change often.",
      kind: "timeseries",
      unit: "percentunit",
      width: 8,
      min: 0,
      max: 1,
      queries: [
        {
          expr: `sum by (instance) (rate(session_cache_lookups_total{${selected}, result="hit"}[$interval])) / sum by (instance) (rate(session_cache_lookups_total{${selected}}[$interval]))`,
          legend: "{{instance}}",
        },
      ],
    },
    {
      title: "Invalidations",
      description: "Remembered sessions dropped because they have changed, per second.",
      kind: "timeseries",
      unit: "ops",
      width: 8,
      min: 0,
      queries: [
        {
          expr: `sum by (instance) (rate(session_cache_invalidations_total{${selected}}[$interval]))`,
          legend: "{{instance}}",
        },
      ],
    },
    {
      title: "Sessions in memory",
      description: "A full cache drops its oldest session.",
      kind: "timeseries",
      unit: "short",
      width: 12,
      min: 0,
      queries: [{ expr: `max by (instance) (session_cache_entries{${selected}})`, legend: "{{instance}}" }],
    },
    {
      title: "Memory of the session cache",
      description: "Estimated from the number and the length of the entries.",
      kind: "timeseries",
      unit: "bytes",
      width: 12,
      min: 0,
      queries: [{ expr: `max by (instance) (session_cache_bytes{${selected}})`, legend: "{{instance}}" }],
    },
    {
      title: "Revocations that waited for all instances",
      description:
        "Per second, by result. timed_out: an instance did not confirm in time that it refuses the revoked sessions.",
      kind: "timeseries",
      unit: "ops",
      width: 24,
      min: 0,
      queries: [
        {
          expr: `sum by (instance, result) (rate(session_revocation_waits_total{${selected}}[$interval]))`,
          legend: "{{instance}} {{result}}",
        },
      ],
    },
  ],
};

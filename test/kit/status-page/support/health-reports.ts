import type {
  BreakerState,
  CheckDetail,
  FleetMember,
  FleetReport,
  HealthReport,
  PageExtras,
} from "../../../../src/kit/health/health-report.ts";
import type { Sample } from "../../../../src/kit/health/samples.ts";

export const now = Date.parse("2026-11-20T03:14:07.000Z");

export const ago = (seconds: number): string => new Date(now - seconds * 1000).toISOString();

export const up = (over: Partial<CheckDetail> = {}): CheckDetail => ({
  status: "up",
  critical: false,
  since: ago(4320),
  latencyMs: 2.4,
  lastSuccessAt: ago(1),
  lastFailureAt: null,
  consecutiveFailures: 0,
  reason: null,
  ...over,
});

export const down = (over: Partial<CheckDetail> = {}): CheckDetail =>
  up({
    status: "down",
    since: ago(120),
    latencyMs: 2000,
    lastSuccessAt: ago(124),
    lastFailureAt: ago(1),
    consecutiveFailures: 31,
    reason: "timeout",
    ...over,
  });

export const breaker = (over: Partial<BreakerState> = {}): BreakerState => ({
  name: "postgres",
  state: "closed",
  since: ago(4320),
  nextAttemptAt: null,
  stats: { fires: 18_204, successes: 18_190, failures: 14, timeouts: 3, rejects: 0, latencyMean: 3.204 },
  ...over,
});

export const healthReport = (over: Partial<HealthReport> = {}): HealthReport => ({
  status: "healthy",
  since: ago(4316),
  phase: "ready",
  service: "haven-api",
  version: "0.1.0",
  instance: "api-server-2",
  timestamp: ago(0),
  uptimeSeconds: 4325,
  checks: {
    postgres: up({ critical: true }),
    redis: up({ latencyMs: 0.6 }),
    schema: up({ critical: true, latencyMs: 3 }),
  },
  circuitBreakers: [breaker(), breaker({ name: "redis" })],
  certificates: [],
  lastErrors: {},
  details: {},
  system: {
    memory: {
      rssBytes: 142 * 2 ** 20,
      heapUsedBytes: 61 * 2 ** 20,
      heapLimitBytes: 2096 * 2 ** 20,
      limitBytes: 512 * 2 ** 20,
    },
    cpu: { utilization: 0.23, cores: 4 },
    eventLoop: { delayMs: 1.8, longestDelayMs: 12.4, utilization: 0.19 },
    handles: { TCPServerWrap: 1, TCPSocketWrap: 27, Timeout: 9 },
  },
  http: {
    inFlight: 3,
    connections: 24,
    requestsPerSecond: 142.4,
    errorsPerSecond: 0,
    shedding: false,
    day: { requests: 48_210, errors: 6, hours: 24 },
  },
  history: [
    { at: ago(4325), kind: "phase", name: "lifecycle", from: "stopped", to: "starting", reason: null },
    { at: ago(4320), kind: "check", name: "postgres", from: "unknown", to: "up", reason: null },
    { at: ago(4320), kind: "check", name: "redis", from: "unknown", to: "up", reason: null },
    { at: ago(4316), kind: "phase", name: "lifecycle", from: "starting", to: "ready", reason: null },
    { at: ago(4316), kind: "verdict", name: "ready", from: "starting", to: "ready", reason: null },
  ],
  ...over,
});

/** Returns the same samples each time: ten minutes at an interval of two seconds. */
export function samples({
  failing = () => false,
  base = 2,
}: {
  failing?: (ageMs: number) => boolean;
  base?: number;
} = {}): Sample[] {
  return Array.from({ length: 300 }, (_, index) => {
    const at = now - (299 - index) * 2000 - (index % 7) * 40;
    const ok = !failing(now - at);
    const wave = 1 + 0.4 * Math.sin(index / 9) + 0.3 * Math.sin(index * 12.9898) + (index % 61 === 0 ? 6 : 0);
    return { at, ok, latencyMs: ok ? base * wave : 2000 };
  });
}

export const extras = (over: Partial<PageExtras> = {}): PageExtras => ({
  samples: (name) => samples({ base: name.length / 2 }),
  nowMs: now,
  intervalMs: 2000,
  ...over,
});

/** Returns a long history in which the check of Postgres flaps and the breakers follow. */
export function longHistory(count = 200): HealthReport["history"] {
  const kinds = [
    { kind: "check", name: "postgres", good: "up", bad: "down", reason: "timeout" },
    { kind: "breaker", name: "postgres", good: "closed", bad: "open", reason: "timeout" },
    { kind: "verdict", name: "ready", good: "ready", bad: "not_ready", reason: "timeout" },
    { kind: "check", name: "redis", good: "up", bad: "down", reason: "refused" },
    { kind: "verdict", name: "ready", good: "ready", bad: "degraded", reason: "refused" },
  ] as const;
  return Array.from({ length: count }, (_, index) => {
    const turn = Math.floor(index / kinds.length);
    const { good, bad, kind, name, reason } = kinds[index % kinds.length] ?? kinds[0];
    const worse = turn % 2 === 1;
    const seconds = 120 + (count - index) * 60 + (turn % 3) * 47;
    return {
      at: ago(seconds),
      kind,
      name,
      from: worse ? good : bad,
      to: worse ? bad : good,
      reason: worse ? reason : null,
    };
  });
}

export const member = (number: number, over: Partial<FleetMember> = {}): FleetMember => ({
  instance: `api-server-${number}`,
  version: "0.1.0",
  self: number === 2,
  phase: "ready",
  status: "ready",
  startedAt: ago(4325),
  ageMs: 700,
  checks: { postgres: "up", redis: "up", schema: "up", "event-loop": "up" },
  requestsPerSecond: 140 + number,
  errorsPerSecond: 0,
  inFlight: 3,
  shareOfRequests: 0.33,
  ...over,
});

export const fleet = (instances: readonly FleetMember[], over: Partial<FleetReport> = {}): FleetReport => ({
  policy: "outlier",
  decisions: {},
  store: "redis",
  asOf: ago(1),
  silentSince: null,
  loadSpreadRatio: 0.04,
  instances,
  ...over,
});

import type { Reason } from "./check.ts";
import type { Change } from "./history.ts";
import type { CheckStatus, Phase, ReadyStatus } from "./judge.ts";
import type { Sample } from "./samples.ts";

/** The whole picture, as an operator gets it. Times are RFC 3339. Nothing in it names a host, a user or a secret. */
export type HealthReport = {
  status: "healthy" | "degraded" | "unhealthy";
  /** Since when the status is what it is. */
  since: string;
  phase: Phase;
  service: string;
  version: string;
  instance: string;
  timestamp: string;
  uptimeSeconds: number;
  checks: Readonly<Record<string, CheckDetail>>;
  circuitBreakers: readonly BreakerState[];
  system: SystemFacts;
  http: HttpFacts;
  history: readonly (Omit<Change, "at"> & { at: string })[];
};

export type CheckDetail = {
  status: CheckStatus;
  critical: boolean;
  since: string;
  latencyMs: number | null;
  lastSuccessAt: string | null;
  lastFailureAt: string | null;
  consecutiveFailures: number;
  reason: Reason | null;
};

export type BreakerState = {
  name: string;
  state: "closed" | "open" | "half_open";
  since: string;
  nextAttemptAt: string | null;
  stats: Readonly<Record<string, number>>;
};

export type SystemFacts = {
  memory: { rssBytes: number; heapUsedBytes: number; heapLimitBytes: number; limitBytes: number | null };
  /** Share of one core, over the last seconds. */
  cpu: { utilization: number; cores: number };
  eventLoop: { delayMs: number; utilization: number };
  handles: Readonly<Record<string, number>>;
};

export type HttpFacts = {
  inFlight: number;
  connections: number;
  requestsPerSecond: number;
  errorsPerSecond: number;
  shedding: boolean;
};

/** All instances, as this one knows them. */
export type FleetReport = {
  policy: "strict" | "outlier";
  /** What the policy has decided of each critical check that is down. */
  decisions: Readonly<Record<string, FleetDecision>>;
  /** The store that was asked, and when; null while none answers. */
  store: "redis" | "postgres" | null;
  asOf: string | null;
  /** Since when none answers: the others are unknown meanwhile. */
  silentSince: string | null;
  /** By how much the busiest or the idlest instance in rotation differs from their average; null without requests. */
  loadSpreadRatio: number | null;
  instances: readonly FleetMember[];
};

export type FleetDecision = "asking" | "shared_outage" | "outlier" | "unsure";

export type FleetMember = {
  instance: string;
  version: string;
  self: boolean;
  phase: Phase;
  status: ReadyStatus;
  startedAt: string;
  /** Since it was last heard of. */
  ageMs: number;
  checks: Readonly<Record<string, CheckStatus>>;
  requestsPerSecond: number;
  errorsPerSecond: number;
  inFlight: number;
  /** Of all requests of the fleet, 0 to 1; null without requests. */
  shareOfRequests: number | null;
};

/** What the page shows beside the picture. */
export type PageExtras = {
  samples(check: string): readonly Sample[];
  nowMs: number;
  intervalMs: number;
  fleet?: FleetReport;
};

import type { Reason } from "../../core/errors/failure-reason.ts";
import type { MemoryFacts } from "../checks/memory.ts";
import type { Phase } from "../lifecycle/phase.ts";
import type { BreakerView } from "../resilience/breaker.ts";
import type { EventLoopFacts } from "./event-loop.ts";
import type { Change } from "./history.ts";
import type { CapabilityStatus, CheckStatus, ReadyStatus } from "./judge.ts";
import type { Sample } from "./samples.ts";

/**
 * Names the process in the answers of probes and operator endpoints.
 * @example const identity: Identity = { service: "orders", version: "1.4.0", instance: "orders-7d9f" };
 */
export type Identity = {
  /** The name of the service. */
  service: string;
  /** The version of the service. */
  version: string;
  /** Distinguishes the processes of the service. */
  instance: string;
};

/**
 * The body of `/health/detailed`. Times are RFC 3339. It contains no host, user or secret.
 * @example const { status, checks }: HealthReport = health.report();
 */
export type HealthReport = Identity & {
  /** The verdict. A degraded instance still serves requests. */
  status: "healthy" | "degraded" | "unhealthy";
  /** When the status last changed. */
  since: string;
  /** The phase of the process. */
  phase: Phase;
  /** When the report was made. */
  timestamp: string;
  /** Time since the start of the process. */
  uptimeSeconds: number;
  /** The state of each check, by name. */
  checks: Readonly<Record<string, CheckDetail>>;
  /** The state of each breaker. */
  circuitBreakers: readonly BreakerState[];
  /** The certificates of the dependencies that this instance is connected to with TLS. */
  certificates: readonly CertificateReport[];
  /** The code of the latest failure of each check, also after it has recovered. */
  lastErrors: Readonly<Record<string, { code: string; at: string }>>;
  /** The facts of the option `details`. */
  details: Readonly<Record<string, unknown>>;
  /** Memory, processor, event loop and handles. */
  system: SystemFacts;
  /** Requests in flight and their rates. */
  http: HttpFacts;
  /** The latest changes of state, oldest first. */
  history: readonly (Omit<Change, "at" | "code"> & { at: string })[];
};

export type CapabilityDetail = {
  status: CapabilityStatus;
  critical: boolean;
  since: string;
  latencyMs: number | null;
  lastSuccessAt: string | null;
  lastFailureAt: string | null;
  consecutiveFailures: number;
  reason: Reason | null;
};

/** `capabilities` is absent for a check that has only one. */
export type CheckDetail = Omit<CapabilityDetail, "status"> & {
  status: CheckStatus;
  capabilities?: Readonly<Record<string, CapabilityDetail>>;
};

export type BreakerState = {
  name: string;
  state: "closed" | "open" | "half_open";
  since: string;
  nextAttemptAt: string | null;
  stats: Readonly<Record<string, number>>;
};

export const toBreakerState = ({ since, nextAttemptAt, ...view }: BreakerView): BreakerState => ({
  ...view,
  since: new Date(since).toISOString(),
  nextAttemptAt: nextAttemptAt === null ? null : new Date(nextAttemptAt).toISOString(),
});

export type SystemFacts = {
  memory: MemoryFacts;
  /** Share of one core over the last ten seconds. */
  cpu: { utilization: number; cores: number };
  eventLoop: EventLoopFacts;
  handles: Readonly<Record<string, number>>;
};

export type HttpFacts = {
  inFlight: number;
  connections: number;
  requestsPerSecond: number;
  errorsPerSecond: number;
  shedding: boolean;
  /** Requests and 5xx of the last 24 hours, or of the time since the start. */
  day: { requests: number; errors: number; hours: number };
};

/** The certificate that a dependency has presented. `expiresAt` is in milliseconds since 1970. */
export type CertificateExpiry = { of: string; expiresAt: number };

export type CertificateReport = { of: string; expiresAt: string; daysLeft: number };

/**
 * The instances of the fleet, as this instance last read them from the store.
 * @example const fleet = (): FleetReport => registry.report();
 */
export type FleetReport = {
  /** The policy in effect. */
  policy: "strict" | "outlier";
  /** The decision of the outlier policy for each critical check that is down. */
  decisions: Readonly<Record<string, FleetDecision>>;
  /** The store that the reports were read from; null while no store answers. */
  store: "redis" | "postgres" | null;
  /** When the store was last read; null before the first reading. */
  asOf: string | null;
  /** Since when no store answers; null while a store answers. Without a store, the other instances are unknown. */
  silentSince: string | null;
  /** Largest deviation of an instance in rotation from the average load (0.2 is 20 %); null without requests. */
  loadSpreadRatio: number | null;
  /** All instances, this one included. */
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
  /** Age of its latest report. */
  ageMs: number;
  /** By name of the check, or `check:capability`. */
  checks: Readonly<Record<string, CapabilityStatus>>;
  requestsPerSecond: number;
  errorsPerSecond: number;
  inFlight: number;
  /** The share of all requests of the fleet, 0 to 1; null without requests. */
  shareOfRequests: number | null;
};

/** The data that the status page shows in addition to the report. */
export type PageExtras = {
  /** `check` is the name of a check, or `check:capability`. */
  samples(check: string): readonly Sample[];
  nowMs: number;
  intervalMs: number;
  fleet?: FleetReport;
  links?: readonly PageLink[];
};

/** A link of the status page, such as to a dashboard or a runbook. */
export type PageLink = { label: string; href: string };

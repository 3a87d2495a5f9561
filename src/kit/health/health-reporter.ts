import type { BreakerView } from "../resilience/breaker.ts";
import {
  type CapabilityDetail,
  type CertificateExpiry,
  type CheckDetail,
  type HealthReport,
  type Identity,
  toBreakerState,
} from "./health-report.ts";
import type { History } from "./history.ts";
import type { CapabilityOfCheck, JudgedCheck } from "./judge-check.ts";
import type { Snapshot } from "./snapshot.ts";
import type { SystemWatch } from "./system-watch.ts";

export type HealthReporterDeps = {
  identity: Identity;
  snapshot(): Snapshot;
  history: Pick<History, "all">;
  breakers(): readonly BreakerView[];
  systemWatch: Pick<SystemWatch, "system" | "http">;
  certificates(): readonly CertificateExpiry[];
  details: Readonly<Record<string, unknown>>;
};

/** Returns a function that makes the report for operators. */
export function createHealthReporter({
  identity,
  snapshot,
  history,
  breakers,
  systemWatch,
  certificates,
  details,
}: HealthReporterDeps) {
  return (): HealthReport => {
    const now = snapshot();
    return {
      status: now.status === "ready" ? "healthy" : now.status === "degraded" ? "degraded" : "unhealthy",
      since: iso(now.since),
      phase: now.phase,
      ...identity,
      timestamp: iso(now.at),
      uptimeSeconds: Math.floor(performance.now() / 1000),
      checks: Object.fromEntries(now.checks.map((check) => [check.name, checkDetail(check)])),
      circuitBreakers: breakers().map(toBreakerState),
      certificates: certificates().map(({ of, expiresAt }) => ({
        of,
        expiresAt: iso(expiresAt),
        daysLeft: Math.floor((expiresAt - now.at) / dayMs),
      })),
      system: systemWatch.system(),
      http: systemWatch.http(),
      lastErrors: lastErrorsOf(history.all()),
      details,
      history: history.all().map(({ code: _, ...change }) => ({ ...change, at: iso(change.at) })),
    };
  };
}

/** The latest error code of each check: of Postgres, Redis, the system or this project, never a message. */
function lastErrorsOf(changes: ReturnType<History["all"]>): HealthReport["lastErrors"] {
  return Object.fromEntries(
    changes.flatMap(({ name, code, at }) => (code === undefined ? [] : [[name, { code, at: iso(at) }]])),
  );
}

function checkDetail(check: JudgedCheck): CheckDetail {
  const named = check.capabilities.flatMap((one) =>
    one.capability === undefined ? [] : [[one.capability, { status: one.status, ...measuredDetail(one) }] as const],
  );
  return {
    status: check.status,
    ...measuredDetail(check),
    ...(named.length > 0 && { capabilities: Object.fromEntries(named) }),
  };
}

function measuredDetail(measured: JudgedCheck | CapabilityOfCheck): Omit<CapabilityDetail, "status"> {
  const { critical, since, latencyMs, lastSuccessAt, lastFailureAt, consecutiveFailures, reason } = measured;
  return {
    critical,
    since: iso(since),
    latencyMs: latencyMs === null ? null : Math.round(latencyMs * 100) / 100,
    lastSuccessAt: lastSuccessAt === null ? null : iso(lastSuccessAt),
    lastFailureAt: lastFailureAt === null ? null : iso(lastFailureAt),
    consecutiveFailures,
    reason,
  };
}

const dayMs = 86_400_000;

const iso = (at: number): string => new Date(at).toISOString();

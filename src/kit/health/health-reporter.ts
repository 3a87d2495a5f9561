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
    const { status, since, phase, at, checks } = snapshot();
    return {
      status: status === "ready" ? "healthy" : status === "degraded" ? "degraded" : "unhealthy",
      since: iso(since),
      phase,
      ...identity,
      timestamp: iso(at),
      uptimeSeconds: Math.floor(performance.now() / 1000),
      checks: Object.fromEntries(checks.map((check) => [check.name, checkDetail(check)])),
      circuitBreakers: breakers().map(toBreakerState),
      certificates: certificates().map(({ of, expiresAt }) => ({
        of,
        expiresAt: iso(expiresAt),
        daysLeft: Math.floor((expiresAt - at) / dayMs),
      })),
      system: systemWatch.system(),
      http: systemWatch.http(),
      lastErrors: lastErrorsOf(history.all()),
      details,
      history: history.all().map(({ code: _, ...change }) => ({ ...change, at: iso(change.at) })),
    };
  };
}

/** Returns the latest error code of each check. Error messages are left out, because they may name hosts and users. */
function lastErrorsOf(changes: ReturnType<History["all"]>): HealthReport["lastErrors"] {
  return Object.fromEntries(
    changes.flatMap(({ name, code, at }) => (code === undefined ? [] : [[name, { code, at: iso(at) }]])),
  );
}

function checkDetail(check: JudgedCheck): CheckDetail {
  const named = check.capabilities.flatMap((state) =>
    state.capability === undefined
      ? []
      : [[state.capability, { status: state.status, ...measuredDetail(state) }] as const],
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

import type { BreakerState, CheckDetail, HealthReport } from "./health-report.ts";
import type { History } from "./history.ts";
import type { JudgedCheck } from "./judge.ts";
import type { Snapshot } from "./snapshot.ts";
import type { SystemWatch } from "./system.ts";

export type DetailedDeps = {
  identity: { service: string; version: string; instance: string };
  snapshot(): Snapshot;
  history: Pick<History, "all">;
  breakers(): readonly BreakerState[];
  watch: Pick<SystemWatch, "system" | "http">;
};

/** Puts together what an operator wants to see at one glance. */
export function createDetailed({ identity, snapshot, history, breakers, watch }: DetailedDeps) {
  return {
    report(): HealthReport {
      const now = snapshot();
      const changes = history.all();
      return {
        status: now.status === "ready" ? "healthy" : now.status === "degraded" ? "degraded" : "unhealthy",
        since: iso(now.since),
        phase: now.phase,
        ...identity,
        timestamp: iso(now.at),
        uptimeSeconds: Math.floor(performance.now() / 1000),
        checks: Object.fromEntries(now.checks.map((check) => [check.name, checkDetail(check)])),
        circuitBreakers: breakers(),
        system: watch.system(),
        http: watch.http(),
        history: changes.map((change) => ({ ...change, at: iso(change.at) })),
      };
    },
  };
}

function checkDetail(check: JudgedCheck): CheckDetail {
  const { status, critical, since, latencyMs, lastSuccessAt, lastFailureAt, consecutiveFailures, reason } = check;
  return {
    status,
    critical,
    since: iso(since),
    latencyMs: latencyMs === null ? null : Math.round(latencyMs * 100) / 100,
    lastSuccessAt: lastSuccessAt === null ? null : iso(lastSuccessAt),
    lastFailureAt: lastFailureAt === null ? null : iso(lastFailureAt),
    consecutiveFailures,
    reason,
  };
}

const iso = (at: number): string => new Date(at).toISOString();

import type { HealthReport } from "./health-report.ts";

const statuses = { healthy: "pass", degraded: "warn", unhealthy: "fail" } as const;
const checkStatuses = { up: "pass", down: "fail", unknown: "warn" } as const;

export const healthJsonType = "application/health+json";

/** The report in the format of draft-inadarei-api-health-check-06. */
export function healthJson({
  status,
  version,
  service,
  instance,
  timestamp,
  checks,
  uptimeSeconds,
  phase,
}: HealthReport): object {
  const measured = Object.entries(checks).map(([name, check]) => [
    `${name}:responseTime`,
    [
      {
        componentId: name,
        componentType: name === "postgres" || name === "redis" || name === "schema" ? "datastore" : "system",
        observedValue: check.latencyMs,
        observedUnit: "ms",
        status: !check.critical && check.status === "down" ? "warn" : checkStatuses[check.status],
        time: check.lastSuccessAt ?? check.lastFailureAt ?? timestamp,
        ...(check.reason !== null && { output: check.reason }),
      },
    ],
  ]);
  const uptime = [
    { componentType: "system", observedValue: uptimeSeconds, observedUnit: "s", status: "pass", time: timestamp },
  ];
  return {
    status: statuses[status],
    version: version.split(".")[0],
    releaseId: version,
    serviceId: instance,
    description: `health of ${service}, phase ${phase}`,
    checks: Object.fromEntries([...measured, ["uptime", uptime]]),
  };
}

export const healthJsonStatus = (status: HealthReport["status"]): string => statuses[status];

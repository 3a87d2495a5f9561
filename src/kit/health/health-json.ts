import type { CapabilityDetail, CheckDetail, HealthReport } from "./health-report.ts";

const statuses = { healthy: "pass", degraded: "warn", unhealthy: "fail" } as const;
const checkStatuses = { up: "pass", impaired: "warn", down: "fail", unknown: "warn" } as const;

/** Checks with these names are those of a database or a cache. */
const datastoreChecks: ReadonlySet<string> = new Set(["postgres", "redis", "schema", "tables", "connections"]);

export const healthJsonType = "application/health+json";

/** Returns the report in the format of draft-inadarei-api-health-check-06. */
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
  const measurement = (name: string, measured: CheckDetail | CapabilityDetail) => ({
    componentId: name,
    componentType: datastoreChecks.has(name) ? "datastore" : "system",
    observedValue: measured.latencyMs,
    observedUnit: "ms",
    status: !measured.critical && measured.status === "down" ? "warn" : checkStatuses[measured.status],
    time: measured.lastSuccessAt ?? measured.lastFailureAt ?? timestamp,
    ...(measured.reason !== null && { output: measured.reason }),
  });
  const measured = Object.entries(checks).flatMap(([name, check]) => [
    [`${name}:responseTime`, [measurement(name, check)]],
    ...Object.entries(check.capabilities ?? {}).map(([capability, detail]) => [
      `${name}:${capability}`,
      [measurement(name, detail)],
    ]),
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

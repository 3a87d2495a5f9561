import type { CheckState, CheckStatus, JudgedCapability } from "./judge.ts";

// Pure: the state of a check follows from the states of its capabilities.

export type CapabilityOfCheck = JudgedCapability & { check: string; capability: string | undefined };

export type JudgedCheck = Pick<CheckState, "since" | "latencyMs" | "consecutiveFailures" | "reason"> & {
  name: string;
  status: CheckStatus;
  /** Whether a capability of the check is critical. */
  critical: boolean;
  lastSuccessAt: number | null;
  lastFailureAt: number | null;
  capabilities: readonly CapabilityOfCheck[];
};

export type Evidence = Pick<CheckState, "status" | "since" | "lastFailureAt">;

/**
 * A check is impaired only if one capability was up while another failed. After an outage, one capability comes up a
 * moment before the other. In that moment the check is still down, because the capability that is up came up after
 * the latest failure of the other.
 */
export function statusOfCheck(capabilities: readonly Evidence[]): CheckStatus {
  const down = capabilities.filter(({ status }) => status === "down");
  if (down.length === 0) return capabilities.some(({ status }) => status === "unknown") ? "unknown" : "up";
  const latestFailureAt = Math.max(...down.map(({ lastFailureAt }) => lastFailureAt ?? 0));
  return capabilities.some(({ status, since }) => status === "up" && since <= latestFailureAt) ? "impaired" : "down";
}

/** Returns one check for each name, in the order of the capabilities. */
export function judgeChecks(capabilities: readonly CapabilityOfCheck[]): JudgedCheck[] {
  return [...Map.groupBy(capabilities, ({ check }) => check)].map(([name, ofCheck]) => judgeCheck(name, ofCheck));
}

function judgeCheck(name: string, capabilities: readonly CapabilityOfCheck[]): JudgedCheck {
  const down = capabilities.find(({ status }) => status === "down");
  const latest = (times: readonly (number | null)[]) =>
    times.reduce((a, b) => (b === null || (a ?? b) > b ? a : b), null);
  return {
    name,
    status: statusOfCheck(capabilities),
    critical: capabilities.some(({ critical }) => critical),
    since: Math.max(...capabilities.map(({ since }) => since)),
    latencyMs: capabilities[0]?.latencyMs ?? null,
    lastSuccessAt: latest(capabilities.map(({ lastSuccessAt }) => lastSuccessAt)),
    lastFailureAt: latest(capabilities.map(({ lastFailureAt }) => lastFailureAt)),
    consecutiveFailures: Math.max(...capabilities.map(({ consecutiveFailures }) => consecutiveFailures)),
    reason: (down ?? capabilities.find(({ reason }) => reason !== null))?.reason ?? null,
    capabilities,
  };
}

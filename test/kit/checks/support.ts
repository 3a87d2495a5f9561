import { runCheck } from "../../../src/kit/health/run-check.ts";
import type { Capability, Check } from "../../../src/kit/index.ts";

export type Outcome = "passed" | string;

export const capabilityOf = (check: Check, name?: string): Capability => {
  if (!("capabilities" in check)) return check;
  const capability = check.capabilities[name ?? "read"];
  if (capability === undefined) throw new Error(`no capability ${name}`);
  return capability;
};

/** Runs a check, or one of its capabilities, as the monitor does, and returns "passed" or the reason. */
export async function outcomeOf(check: Check, capability?: string, timeoutMs = 2000): Promise<Outcome> {
  const observation = await runCheck(capabilityOf(check, capability), timeoutMs, new AbortController().signal);
  return observation.ok ? "passed" : observation.reason;
}

import { parseJson } from "../../core/parse-json.ts";
import type { CapabilityStatus, JudgedCapability, ReadyStatus } from "../health/judge.ts";
import type { Snapshot } from "../health/snapshot.ts";
import type { Phase } from "../lifecycle/phase.ts";
import { isObject } from "../option-rules.ts";

/** The state that an instance reports to the fleet. Times are durations, because the clocks of instances may differ. */
export type Heartbeat = {
  instance: string;
  version: string;
  phase: Phase;
  status: ReadyStatus;
  upMs: number;
  /** The number of heartbeats that this process has sent. */
  beat: number;
  requestsPerSecond: number;
  errorsPerSecond: number;
  inFlight: number;
  /** By name of the check, or `check:capability`. */
  checks: ReadonlyMap<string, CheckReport>;
};

export type CheckReport = {
  status: CapabilityStatus;
  /** Whether the last run failed, also before `status` is down. */
  failing: boolean;
  /** Time since the last successful run began. */
  succeededMsAgo: number | null;
};

export type Traffic = Pick<Heartbeat, "requestsPerSecond" | "errorsPerSecond" | "inFlight">;

export type ProcessIdentity = { instance: string; version: string; upMs: number; beat: number };

type ReportedSnapshot = Pick<Snapshot, "at" | "phase" | "status"> & { capabilities: readonly JudgedCapability[] };

export const toHeartbeat = (
  identity: ProcessIdentity,
  { at, phase, status, capabilities }: ReportedSnapshot,
  traffic: Traffic,
  now = at,
): Heartbeat => ({
  ...identity,
  phase,
  status,
  ...traffic,
  checks: new Map(capabilities.map((one) => [one.name, toCheckReport(one, now)])),
});

const toCheckReport = (
  { status, consecutiveFailures, lastSuccessAt, latencyMs }: JudgedCapability,
  now: number,
): CheckReport => ({
  status,
  failing: consecutiveFailures > 0,
  succeededMsAgo: lastSuccessAt === null ? null : Math.max(0, now - lastSuccessAt) + (latencyMs ?? 0),
});

/** Serializes a heartbeat in a short form, because every instance reads the heartbeats of all others. */
export function serializeHeartbeat({ checks, ...rest }: Heartbeat): string {
  const shortChecks = [...checks].map(([name, { status, failing, succeededMsAgo }]) => [
    name,
    [status, failing, succeededMsAgo === null ? null : Math.round(succeededMsAgo)],
  ]);
  const { upMs, requestsPerSecond, errorsPerSecond } = rest;
  return JSON.stringify({
    ...rest,
    upMs: Math.round(upMs),
    requestsPerSecond: round(requestsPerSecond),
    errorsPerSecond: round(errorsPerSecond),
    checks: Object.fromEntries(shortChecks),
  });
}

const round = (rate: number): number => Math.round(rate * 100) / 100;

const maxLength = 8192;

/** Parses a heartbeat without its malformed checks. Returns undefined if the text is not a heartbeat. */
export function parseHeartbeat(text: string): Heartbeat | undefined {
  const parsed = text.length > maxLength ? undefined : parseJson(text);
  if (!isObject(parsed)) return undefined;
  const { instance, version, phase, status, checks } = parsed;
  if (!isName(instance) || !isOneOf(phases, phase) || !isOneOf(statuses, status)) return undefined;
  return {
    instance,
    version: isName(version) ? version : "unknown",
    phase,
    status,
    upMs: amount(parsed["upMs"]),
    beat: amount(parsed["beat"]),
    requestsPerSecond: amount(parsed["requestsPerSecond"]),
    errorsPerSecond: amount(parsed["errorsPerSecond"]),
    inFlight: amount(parsed["inFlight"]),
    checks: new Map(isObject(checks) ? Object.entries(checks).flatMap(parseCheck) : []),
  };
}

function parseCheck([name, report]: [string, unknown]): [string, CheckReport][] {
  if (!Array.isArray(report) || report.length !== 3) return [];
  const [status, failing, succeededMsAgo]: unknown[] = report;
  if (!isOneOf(checkStatuses, status) || typeof failing !== "boolean") return [];
  if (succeededMsAgo !== null && !isAmount(succeededMsAgo)) return [];
  return [[name, { status, failing, succeededMsAgo }]];
}

const phases = ["starting", "ready", "draining", "stopped"] as const;
const statuses = ["ready", "degraded", "not_ready", "starting", "draining"] as const;
const checkStatuses = ["up", "down", "unknown"] as const;

const isOneOf = <T>(all: readonly T[], value: unknown): value is T => all.some((one) => one === value);

const isName = (value: unknown): value is string => typeof value === "string" && /^[A-Za-z0-9._-]{1,128}$/.test(value);

const isAmount = (value: unknown): value is number => typeof value === "number" && value >= 0 && value <= 1e12;

const amount = (value: unknown): number => (isAmount(value) ? value : 0);

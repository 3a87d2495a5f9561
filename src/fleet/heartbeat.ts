import { z } from "zod";
import type { CapabilityStatus, JudgedCapability, ReadyStatus } from "../kit/health/judge.ts";
import type { Snapshot } from "../kit/health/snapshot.ts";
import type { Phase } from "../kit/lifecycle/phase.ts";

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

const amount = z.number().nonnegative().max(1e12).catch(0);
const name = z.string().regex(/^[A-Za-z0-9._-]{1,128}$/);
const checkReportSchema = z.tuple([
  z.enum(["up", "down", "unknown"]),
  z.boolean(),
  z.number().nonnegative().max(1e12).nullable(),
]);

const heartbeatSchema = z.object({
  instance: name,
  version: name.catch("unknown"),
  phase: z.enum(["starting", "ready", "draining", "stopped"]),
  status: z.enum(["ready", "degraded", "not_ready", "starting", "draining"]),
  upMs: amount,
  beat: amount,
  requestsPerSecond: amount,
  errorsPerSecond: amount,
  inFlight: amount,
  checks: z.record(z.string(), z.unknown()).catch({}),
});

const maxLength = 8192;

/** Parses a heartbeat without its malformed checks. Returns undefined if the text is not a heartbeat. */
export function parseHeartbeat(text: string): Heartbeat | undefined {
  const parsed = heartbeatSchema.safeParse(text.length > maxLength ? undefined : parseJson(text));
  if (!parsed.success) return undefined;
  const { checks, ...rest } = parsed.data;
  const wellFormed = Object.entries(checks).flatMap(([check, report]) => {
    const { data } = checkReportSchema.safeParse(report);
    if (data === undefined) return [];
    const [status, failing, succeededMsAgo] = data;
    return [[check, { status, failing, succeededMsAgo }] as const];
  });
  return { ...rest, checks: new Map(wellFormed) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

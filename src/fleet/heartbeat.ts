import { z } from "zod";
import type { CheckStatus, JudgedCheck, Phase, ReadyStatus } from "../kit/health/judge.ts";
import type { Snapshot } from "../kit/health/snapshot.ts";

/** What an instance says of itself. Durations only: nobody's clock has to agree with another's. */
export type Heartbeat = {
  instance: string;
  version: string;
  phase: Phase;
  status: ReadyStatus;
  upMs: number;
  /** Counts what this process has written. */
  beat: number;
  requestsPerSecond: number;
  errorsPerSecond: number;
  inFlight: number;
  checks: ReadonlyMap<string, CheckReport>;
};

/** What an instance says of one check. */
export type CheckReport = {
  status: CheckStatus;
  /** Whether the last run failed, confirmed or not. */
  failing: boolean;
  /** Since the last run that went well began. */
  wellMsAgo: number | null;
};

export type Traffic = Pick<Heartbeat, "requestsPerSecond" | "errorsPerSecond" | "inFlight">;

export type InstanceLife = { instance: string; version: string; upMs: number; beat: number };

export const describe = (
  life: InstanceLife,
  { at, phase, status, checks }: Snapshot,
  traffic: Traffic,
  now = at,
): Heartbeat => ({
  ...life,
  phase,
  status,
  ...traffic,
  checks: new Map(checks.map((check) => [check.name, toCheckReport(check, now)])),
});

const toCheckReport = (
  { status, consecutiveFailures, lastSuccessAt, latencyMs }: JudgedCheck,
  now: number,
): CheckReport => ({
  status,
  failing: consecutiveFailures > 0,
  wellMsAgo: lastSuccessAt === null ? null : Math.max(0, now - lastSuccessAt) + (latencyMs ?? 0),
});

/** Small: everybody reads everybody's. */
export function write({ checks, ...rest }: Heartbeat): string {
  const short = [...checks].map(([name, { status, failing, wellMsAgo }]) => [
    name,
    [status, failing, wellMsAgo === null ? null : Math.round(wellMsAgo)],
  ]);
  const { upMs, requestsPerSecond, errorsPerSecond } = rest;
  return JSON.stringify({
    ...rest,
    upMs: Math.round(upMs),
    requestsPerSecond: round(requestsPerSecond),
    errorsPerSecond: round(errorsPerSecond),
    checks: Object.fromEntries(short),
  });
}

const round = (rate: number): number => Math.round(rate * 100) / 100;

const amount = z.number().nonnegative().max(1e12).catch(0);
const name = z.string().regex(/^[A-Za-z0-9._-]{1,128}$/);
const testimony = z.tuple([
  z.enum(["up", "down", "unknown"]),
  z.boolean(),
  z.number().nonnegative().max(1e12).nullable(),
]);

const form = z.object({
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

const longest = 8192;

/** Undefined for what is no heartbeat. A field that cannot be understood says nothing, and takes no other with it. */
export function read(text: string): Heartbeat | undefined {
  const parsed = form.safeParse(text.length > longest ? undefined : jsonOf(text));
  if (!parsed.success) return undefined;
  const { checks, ...rest } = parsed.data;
  const understood = Object.entries(checks).flatMap(([check, said]) => {
    const { data } = testimony.safeParse(said);
    if (data === undefined) return [];
    const [status, failing, wellMsAgo] = data;
    return [[check, { status, failing, wellMsAgo }] as const];
  });
  return { ...rest, checks: new Map(understood) };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

import type { FleetMember, FleetReport } from "../health/health-report.ts";
import { isReady } from "../health/judge.ts";
import type { Heartbeat } from "./heartbeat.ts";

export type KnownInstance = { heartbeat: Heartbeat; ageMs: number };

/** Returns the largest deviation from the mean as a share of the mean. */
function relativeSpread(rates: readonly number[]): number | null {
  const mean = rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
  if (rates.length < 2 || mean < minRate) return null;
  return Math.max(...rates.map((rate) => Math.abs(rate - mean))) / mean;
}

/** The spread is not reported below this mean number of requests per second, because it would be random. */
const minRate = 1;

/** Instances that started less than this ago are left out: their request rate does not cover a full window yet. */
const warmUpMs = 15_000;

export const loadSpread = (all: readonly Heartbeat[]): number | null =>
  relativeSpread(
    all
      .filter(({ status, upMs }) => isReady(status) && upMs > warmUpMs)
      .map(({ requestsPerSecond }) => requestsPerSecond),
  );

export function fleetReport(
  self: Heartbeat,
  others: readonly KnownInstance[],
  nowMs: number,
): Pick<FleetReport, "instances" | "loadSpreadRatio"> {
  const all = [{ heartbeat: self, ageMs: 0 }, ...others];
  const totalRate = all.reduce((sum, { heartbeat }) => sum + heartbeat.requestsPerSecond, 0);
  const toMember = ({ heartbeat, ageMs }: KnownInstance): FleetMember => {
    const { upMs, beat: _, checks, ...rest } = heartbeat;
    return {
      ...rest,
      self: heartbeat === self,
      startedAt: new Date(nowMs - ageMs - upMs).toISOString(),
      ageMs: Math.round(ageMs),
      checks: Object.fromEntries([...checks].map(([name, { status }]) => [name, status])),
      shareOfRequests: totalRate > 0 ? round(heartbeat.requestsPerSecond / totalRate) : null,
    };
  };
  const spread = loadSpread(all.map(({ heartbeat }) => heartbeat));
  return {
    loadSpreadRatio: spread === null ? null : round(spread),
    instances: all.map(toMember).sort((a, b) => a.instance.localeCompare(b.instance)),
  };
}

const round = (ratio: number): number => Math.round(ratio * 1000) / 1000;

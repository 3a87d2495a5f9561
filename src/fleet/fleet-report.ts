import type { FleetMember, FleetReport } from "../kit/health/health-report.ts";
import { isReady } from "../kit/health/judge.ts";
import type { Heartbeat } from "./heartbeat.ts";

export type Known = { heartbeat: Heartbeat; ageMs: number };

/** By how much the one that differs most differs from the average: 0.2 is a fifth. */
export function spread(rates: readonly number[]): number | null {
  const mean = rates.reduce((sum, rate) => sum + rate, 0) / rates.length;
  if (rates.length < 2 || mean < leastRate) return null;
  return Math.max(...rates.map((rate) => Math.abs(rate - mean))) / mean;
}

/** With fewer requests a second than this, chance alone makes a difference. */
const leastRate = 1;

/** An instance that has only just started has no full window of requests yet. */
const settledMs = 15_000;

export const loadSpread = (all: readonly Heartbeat[]): number | null =>
  spread(
    all
      .filter(({ status, upMs }) => isReady(status) && upMs > settledMs)
      .map(({ requestsPerSecond }) => requestsPerSecond),
  );

export function fleetReport(
  self: Heartbeat,
  others: readonly Known[],
  nowMs: number,
): Pick<FleetReport, "instances" | "loadSpreadRatio"> {
  const all = [{ heartbeat: self, ageMs: 0 }, ...others];
  const total = all.reduce((sum, { heartbeat }) => sum + heartbeat.requestsPerSecond, 0);
  const toMember = ({ heartbeat, ageMs }: Known): FleetMember => {
    const { upMs, beat: _, checks, ...rest } = heartbeat;
    return {
      ...rest,
      self: heartbeat === self,
      startedAt: new Date(nowMs - ageMs - upMs).toISOString(),
      ageMs: Math.round(ageMs),
      checks: Object.fromEntries([...checks].map(([name, { status }]) => [name, status])),
      shareOfRequests: total > 0 ? Math.round((heartbeat.requestsPerSecond / total) * 1000) / 1000 : null,
    };
  };
  const spreadNow = loadSpread(all.map(({ heartbeat }) => heartbeat));
  return {
    loadSpreadRatio: spreadNow === null ? null : Math.round(spreadNow * 1000) / 1000,
    instances: all.map(toMember).sort((a, b) => a.instance.localeCompare(b.instance)),
  };
}

import { availableParallelism } from "node:os";
import { readMemory } from "../checks/memory.ts";
import type { Traffic } from "../fleet/heartbeat.ts";
import type { EventLoopFacts } from "./event-loop.ts";
import type { HttpFacts, SystemFacts } from "./health-report.ts";

export type RequestTotals = { requests: number; errors: number };

export type SystemSource = {
  eventLoop: { latest(): EventLoopFacts };
  http: {
    inFlight(): number;
    connections(): number;
    /** Returns whether requests are rejected because of overload. */
    shedding(): boolean;
    /** Returns the counts since the start. */
    totals(): RequestTotals;
  };
};

const sampleEveryMs = 1000;
const windowSamples = 10;
const quarterHourMs = 900_000;
const quarterHoursOfDay = 96;

/**
 * Measures request rates and processor use over the last ten seconds. An average since the start would hide the present
 * load.
 */
export function watchSystem({ eventLoop, http }: SystemSource) {
  const startedAt = performance.now();
  const takeSample = (totals: RequestTotals) => ({ at: performance.now(), cpu: process.cpuUsage(), ...totals });
  // The totals are not read here, because their source may be created later.
  const samples = [takeSample({ requests: 0, errors: 0 })];
  const quarterHours: { at: number; totals: RequestTotals }[] = [{ at: startedAt, totals: { requests: 0, errors: 0 } }];
  const timer = setInterval(() => {
    const totals = http.totals();
    samples.push(takeSample(totals));
    if (samples.length > windowSamples) samples.shift();
    const at = performance.now();
    if (at - (quarterHours.at(-1)?.at ?? at) < quarterHourMs) return;
    quarterHours.push({ at, totals: { ...totals } });
    if (quarterHours.length > quarterHoursOfDay) quarterHours.shift();
  }, sampleEveryMs);
  timer.unref();

  return {
    system(): SystemFacts {
      const { oldest, now, seconds } = window();
      const usedSeconds = (now.cpu.user + now.cpu.system - oldest.cpu.user - oldest.cpu.system) / 1e6;
      return {
        memory: readMemory(),
        cpu: { utilization: usedSeconds / seconds, cores: availableParallelism() },
        eventLoop: eventLoop.latest(),
        handles: countByName(process.getActiveResourcesInfo()),
      };
    },
    http(): HttpFacts {
      const recent = window();
      return {
        ...trafficIn(recent),
        connections: http.connections(),
        shedding: http.shedding(),
        day: trafficOfDay(recent.now),
      };
    },
    /** Returns the load that the heartbeats of this instance report. */
    traffic: (): Traffic => trafficIn(window()),
    stop: (): void => clearInterval(timer),
  };

  function trafficIn({ oldest, now, seconds }: ReturnType<typeof window>): Traffic {
    return {
      inFlight: http.inFlight(),
      requestsPerSecond: (now.requests - oldest.requests) / seconds,
      errorsPerSecond: (now.errors - oldest.errors) / seconds,
    };
  }

  function trafficOfDay({ at, requests, errors }: { at: number } & RequestTotals): HttpFacts["day"] {
    const { at: since, totals } = quarterHours[0] ?? { at: startedAt, totals: { requests: 0, errors: 0 } };
    return {
      requests: requests - totals.requests,
      errors: errors - totals.errors,
      hours: Math.max(1, Math.round((at - since) / 3_600_000)),
    };
  }

  function window() {
    const now = takeSample(http.totals());
    const oldest = samples[0] ?? now;
    return { now, oldest, seconds: Math.max(0.001, (now.at - oldest.at) / 1000) };
  }
}

export type SystemWatch = ReturnType<typeof watchSystem>;

function countByName(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

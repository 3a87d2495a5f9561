import { availableParallelism } from "node:os";
import { readMemory } from "../checks/memory.ts";
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

/** Rates and shares over the last ten seconds: an average since the start would hide the present load. */
export function watchSystem({ eventLoop, http }: SystemSource) {
  const take = (totals: RequestTotals) => ({ at: performance.now(), cpu: process.cpuUsage(), ...totals });
  // The totals are not read here, because their source may be created later.
  const samples = [take({ requests: 0, errors: 0 })];
  const timer = setInterval(() => {
    samples.push(take(http.totals()));
    if (samples.length > windowSamples) samples.shift();
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
      const { oldest, now, seconds } = window();
      return {
        inFlight: http.inFlight(),
        connections: http.connections(),
        requestsPerSecond: (now.requests - oldest.requests) / seconds,
        errorsPerSecond: (now.errors - oldest.errors) / seconds,
        shedding: http.shedding(),
      };
    },
    stop: (): void => clearInterval(timer),
  };

  function window() {
    const now = take(http.totals());
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

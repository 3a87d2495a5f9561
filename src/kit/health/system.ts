import { availableParallelism } from "node:os";
import { type MemoryFacts, readMemory } from "../checks/process.ts";
import type { HttpFacts, SystemFacts } from "./health-report.ts";

export type SystemSource = {
  eventLoop: { latest(): { delayMs: number; utilization: number } };
  http: {
    inFlight(): number;
    connections(): number;
    shedding(): boolean;
    totals(): { requests: number; errors: number };
  };
};

const everyMs = 1000;
const windowSamples = 10;

/** Rates and shares over the last ten seconds; averages since the start hide what happens now. */
export function watchSystem({ eventLoop, http }: SystemSource) {
  const take = () => ({ at: performance.now(), cpu: process.cpuUsage(), ...http.totals() });
  const samples = [take()];
  const timer = setInterval(() => {
    samples.push(take());
    if (samples.length > windowSamples) samples.shift();
  }, everyMs);
  timer.unref();

  return {
    system(): SystemFacts {
      const { oldest, now, seconds } = span();
      const usedSeconds = (now.cpu.user + now.cpu.system - oldest.cpu.user - oldest.cpu.system) / 1e6;
      return {
        memory: readMemory() satisfies MemoryFacts,
        cpu: { utilization: usedSeconds / seconds, cores: availableParallelism() },
        eventLoop: eventLoop.latest(),
        handles: countBy(process.getActiveResourcesInfo()),
      };
    },
    http(): HttpFacts {
      const { oldest, now, seconds } = span();
      return {
        inFlight: http.inFlight(),
        connections: http.connections(),
        requestsPerSecond: (now.requests - oldest.requests) / seconds,
        errorsPerSecond: (now.errors - oldest.errors) / seconds,
        shedding: http.shedding(),
      };
    },
    stop: () => clearInterval(timer),
  };

  function span() {
    const now = take();
    const oldest = samples[0] ?? now;
    return { now, oldest, seconds: Math.max(0.001, (now.at - oldest.at) / 1000) };
  }
}

export type SystemWatch = ReturnType<typeof watchSystem>;

function countBy(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

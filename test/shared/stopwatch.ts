import { readFileSync } from "node:fs";

/**
 * Measures time without the time in which processes waited for a CPU, so that a test of a duration is not affected by a
 * busy machine or a CPU quota. Computation counts, and waiting for anything other than a CPU counts too.
 */
export function startStopwatch(...pids: readonly number[]): () => number {
  const processes = [process.pid, ...pids.filter((pid) => pid !== process.pid)];
  const waitedMs = () => processes.reduce((sum, pid) => sum + processorWaitMs(pid), 0);
  const startedAt = performance.now();
  const waitedBefore = waitedMs();
  return () => Math.max(0, performance.now() - startedAt - (waitedMs() - waitedBefore));
}

/** Returns how long the main thread waited for a processor: the second number of schedstat, in ns. Linux only. */
function processorWaitMs(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/schedstat`, "utf8").split(" ")[1]) / 1e6;
  } catch {
    return 0;
  }
}

import { performance } from "node:perf_hooks";
import { setFlagsFromString } from "node:v8";

// V8 enlarges its young generation, up to 48 MB, when objects survive its collections, and does not shrink it while the
// server is idle. Loading the modules and running the background checks are enough to enlarge it. So this file forbids
// the growth until the server is under load.
setFlagsFromString("--semi-space-growth-factor=1");

const defaultGrowthFactor = 2;
const checkEveryMs = 1000;
const loadedUtilization = 0.2;

/** Restores the default as soon as the event loop is busy for a fifth of a second. */
export function growYoungGenerationUnderLoad(): void {
  let before = performance.eventLoopUtilization();
  const timer = setInterval(() => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, before);
    before = now;
    if (utilization < loadedUtilization) return;
    clearInterval(timer);
    setFlagsFromString(`--semi-space-growth-factor=${defaultGrowthFactor}`);
  }, checkEveryMs).unref();
}

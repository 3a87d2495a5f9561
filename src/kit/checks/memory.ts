import { getHeapStatistics } from "node:v8";
import { CheckFailed } from "../../core/errors/failure-reason.ts";
import type { Check } from "../health/check.ts";
import { type CheckOptions, withDefaults } from "./check-options.ts";

/**
 * The memory of this process and its limits.
 * @example const facts: MemoryFacts = { rssBytes: 9e7, heapUsedBytes: 4e7, heapLimitBytes: 2e9, limitBytes: null };
 */
export type MemoryFacts = {
  /** Resident memory. */
  rssBytes: number;
  /** JavaScript heap in use. */
  heapUsedBytes: number;
  /** The limit of the JavaScript heap. */
  heapLimitBytes: number;
  /** The memory that the container may use; null without a limit. */
  limitBytes: number | null;
};

/**
 * Reads the memory of this process.
 * @example console.log(readMemory().rssBytes);
 */
export function readMemory(): MemoryFacts {
  const { rss, heapUsed } = process.memoryUsage();
  const limit = process.constrainedMemory();
  return {
    rssBytes: rss,
    heapUsedBytes: heapUsed,
    heapLimitBytes: getHeapStatistics().heap_size_limit,
    // Without a limit the system reports none, or a number larger than any machine's memory.
    limitBytes: limit === undefined || limit === 0 || limit > 2 ** 50 ? null : limit,
  };
}

/**
 * The options of `memoryCheck`.
 * @example const options: MemoryCheckOptions = { maxUsedShare: 0.9, critical: true };
 */
export type MemoryCheckOptions = CheckOptions & {
  /** The check fails above this share of the heap limit or of the container's memory limit; 0.95 unless set. */
  maxUsedShare?: number;
  /** Replaces the measurement, for tests. */
  read?: () => MemoryFacts;
};

/**
 * Fails when the heap is nearly full, or the memory that the container may use. Not critical unless set, because only a
 * restart frees the memory, and an instance out of rotation does not restart.
 * @example createHealth({ service: "orders", checks: [memoryCheck({ maxUsedShare: 0.9 })] });
 */
export function memoryCheck(options: MemoryCheckOptions = {}): Check {
  const { name = "memory", critical = false, maxUsedShare = 0.95, read = readMemory } = options;
  return {
    name,
    ...withDefaults({ ...options, critical }),
    async run() {
      const { rssBytes, heapUsedBytes, heapLimitBytes, limitBytes } = read();
      const nearHeapLimit = heapUsedBytes > heapLimitBytes * maxUsedShare;
      const nearLimit = limitBytes !== null && rssBytes > limitBytes * maxUsedShare;
      if (nearHeapLimit || nearLimit) throw new CheckFailed("over_limit");
    },
  };
}

import { statfs } from "node:fs/promises";
import { getHeapStatistics } from "node:v8";
import type { Check } from "../health/check.ts";
import { CheckFailed } from "../health/reason.ts";

/** Fails while requests are rejected because the event loop is saturated. */
export const eventLoopCheck = (loop: { isShedding(): boolean }, critical: boolean): Check => ({
  name: "event-loop",
  critical,
  async run() {
    if (loop.isShedding()) throw new CheckFailed("over_limit");
  },
});

export type MemoryFacts = {
  rssBytes: number;
  heapUsedBytes: number;
  heapLimitBytes: number;
  limitBytes: number | null;
};

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

const maxUsedShare = 0.95;

export const memoryCheck = (read: () => MemoryFacts, critical: boolean): Check => ({
  name: "memory",
  critical,
  async run() {
    const { rssBytes, heapUsedBytes, heapLimitBytes, limitBytes } = read();
    const nearHeapLimit = heapUsedBytes > heapLimitBytes * maxUsedShare;
    const nearLimit = limitBytes !== null && rssBytes > limitBytes * maxUsedShare;
    if (nearHeapLimit || nearLimit) throw new CheckFailed("over_limit");
  },
});

const minFreeShare = 0.02;

export const diskCheck = (folder: string, critical: boolean): Check => ({
  name: "disk",
  critical,
  async run() {
    const { bavail, blocks } = await statfs(folder);
    if (blocks > 0 && bavail / blocks < minFreeShare) throw new CheckFailed("over_limit");
  },
});

import {
  type ConcurrencyLimiter,
  type ConcurrencyLimiterOptions,
  createConcurrencyLimiter,
} from "./concurrency-limiter.ts";

/** Creates a concurrency limiter with a queue for each key, kept only while a call of that key runs or waits. */
export function createPerKeyQueue(options: ConcurrencyLimiterOptions) {
  const limiters = new Map<string, ConcurrencyLimiter>();
  return {
    async run<T>(key: string, work: () => Promise<T>): Promise<T> {
      const limiter = limiters.get(key) ?? createConcurrencyLimiter(options);
      limiters.set(key, limiter);
      try {
        return await limiter.run(work);
      } finally {
        if (limiter.running() === 0) limiters.delete(key);
      }
    },
  };
}

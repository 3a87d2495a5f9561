import { createGate, type Gate, type GateOptions } from "./concurrency-limiter.ts";

/** A limiter of its own for each key, kept only while one of its calls runs or waits. */
export function createPerKeyLimiter(options: GateOptions) {
  const limiters = new Map<string, Gate>();
  return {
    async run<T>(key: string, work: () => Promise<T>): Promise<T> {
      const limiter = limiters.get(key) ?? createGate(options);
      limiters.set(key, limiter);
      try {
        return await limiter.pass(work);
      } finally {
        if (limiter.taken() === 0) limiters.delete(key);
      }
    },
  };
}

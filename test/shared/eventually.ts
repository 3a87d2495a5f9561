import { setTimeout as sleep } from "node:timers/promises";
import { startStopwatch } from "./stopwatch.ts";

/** Reads a value repeatedly until it meets the condition. Fails with the last value after the time limit. */
export async function eventually<T>(
  read: () => Promise<T> | T,
  condition: (value: T) => boolean,
  withinMs = 5000,
  everyMs = 20,
): Promise<T> {
  const elapsedMs = startStopwatch();
  for (;;) {
    const value = await read();
    if (condition(value)) return value;
    if (elapsedMs() > withinMs)
      throw new Error(`Not within ${withinMs} ms; last value: ${JSON.stringify(value)?.slice(0, 500)}`);
    await sleep(everyMs);
  }
}

import { setTimeout as sleep } from "node:timers/promises";
import { startStopwatch } from "./stopwatch.ts";

/** Reads a value repeatedly until it meets the condition. Fails with the last value after the time limit. */
export async function eventually<T>(
  read: () => Promise<T> | T,
  condition: (seen: T) => boolean,
  withinMs = 5000,
  everyMs = 20,
): Promise<T> {
  const elapsedMs = startStopwatch();
  for (;;) {
    const seen = await read();
    if (condition(seen)) return seen;
    if (elapsedMs() > withinMs)
      throw new Error(`Not within ${withinMs} ms; last seen: ${JSON.stringify(seen)?.slice(0, 500)}`);
    await sleep(everyMs);
  }
}

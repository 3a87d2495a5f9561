import { setTimeout as sleep } from "node:timers/promises";
import { startStopwatch } from "./stopwatch.ts";

/** Waits until a condition holds; otherwise fails with the last value. */
export async function eventually<T>(
  look: () => Promise<T> | T,
  holds: (seen: T) => boolean,
  withinMs = 5000,
  everyMs = 20,
): Promise<T> {
  const elapsedMs = startStopwatch();
  for (;;) {
    const seen = await look();
    if (holds(seen)) return seen;
    if (elapsedMs() > withinMs)
      throw new Error(`Not within ${withinMs} ms; last seen: ${JSON.stringify(seen)?.slice(0, 500)}`);
    await sleep(everyMs);
  }
}

import { setTimeout as sleep } from "node:timers/promises";

/** Waits until something holds; says what it saw last when it never does. */
export async function eventually<T>(
  look: () => Promise<T> | T,
  holds: (seen: T) => boolean,
  withinMs = 5000,
  everyMs = 20,
): Promise<T> {
  const until = performance.now() + withinMs;
  for (;;) {
    const seen = await look();
    if (holds(seen)) return seen;
    if (performance.now() > until)
      throw new Error(`Not within ${withinMs} ms; last seen: ${JSON.stringify(seen)?.slice(0, 500)}`);
    await sleep(everyMs);
  }
}

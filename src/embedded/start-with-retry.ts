import { freePort } from "./free-port.ts";
import type { EngineProcess } from "./supervise.ts";

const portAttempts = 5;

/** An engine that is ready, on the wanted port or on one that is free: another one where somebody took it in between. */
export async function startWithRetry(
  live: (port: number) => EngineProcess,
  wanted?: number,
): Promise<{ first: EngineProcess; port: number }> {
  for (let attempt = 1; ; attempt++) {
    const port = wanted ?? (await freePort());
    const first = live(port);
    try {
      await first.ready;
      return { first, port };
    } catch (error) {
      await first.stop();
      if (wanted !== undefined || attempt === portAttempts || !portWasTaken(error)) throw error;
    }
  }
}

const portWasTaken = (error: unknown) => error instanceof Error && /TCP\/IP socket|EADDRINUSE/.test(error.message);

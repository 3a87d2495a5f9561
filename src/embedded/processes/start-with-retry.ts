import { freePort } from "./free-port.ts";
import type { EngineProcess } from "./supervise.ts";

const maxPortAttempts = 5;

/** Starts an engine on the fixed port, or else on a free port. Retries with another free port if that port was taken. */
export async function startWithRetry(
  startOn: (port: number) => EngineProcess,
  fixedPort?: number,
): Promise<{ first: EngineProcess; port: number }> {
  for (let attempt = 1; ; attempt++) {
    const port = fixedPort ?? (await freePort());
    const first = startOn(port);
    try {
      await first.ready;
      return { first, port };
    } catch (error) {
      await first.stop();
      if (fixedPort !== undefined || attempt === maxPortAttempts || !isPortTaken(error)) throw error;
    }
  }
}

const isPortTaken = (error: unknown) => error instanceof Error && /TCP\/IP socket|EADDRINUSE/.test(error.message);

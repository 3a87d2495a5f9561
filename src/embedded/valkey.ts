import { startChild } from "./child.ts";
import { EngineError, lastErrorLine } from "./engine-error.ts";
import type { EngineLog } from "./events.ts";
import { localhost } from "./free-port.ts";
import { startWithRetry } from "./start-with-retry.ts";
import { type EngineProcess, supervise } from "./supervise.ts";
import { within } from "./within.ts";

const readyLimitMs = 10_000;
const stopLimitMs = 1_000;
const elsewhere = "set REDIS_URL to a Redis or Valkey of your own";

type ValkeyRequest = { log: EngineLog; port?: number; password?: string };
export type Valkey = Awaited<ReturnType<typeof startValkey>>;

/** Valkey in a process of its own, in memory only, started again (empty) on the same port whenever it dies. */
export async function startValkey({ log, port: wanted, password = "" }: ValkeyRequest) {
  let pid: number | undefined;
  const live = (port: number): EngineProcess => {
    const served = Promise.withResolvers<void>();
    const child = startChild({
      script: new URL("./valkey-server.ts", import.meta.url),
      args: [`${port}`],
      env: { VALKEY_PASSWORD: password },
      onOutput: (line) => line === "ready" && served.resolve(),
    });
    pid = child.pid;
    const failure = (how: string) => new EngineError(`The embedded Valkey did not start (${how}): ${elsewhere}.`);
    const ended = child.exited.then(() => {
      throw failure(lastErrorLine(child.complaints()));
    });
    const ready = within(readyLimitMs, Promise.race([served.promise, ended]), () =>
      failure(`not ready after ${readyLimitMs / 1_000} s`),
    );
    // it ends after having been ready too
    ended.catch(() => {});
    ready.catch(() => {});
    return { ready, exited: child.exited, stop: () => child.stop(stopLimitMs) };
  };

  const { first, port } = await startWithRetry(live, wanted);
  log({ engine: "valkey", event: "started", port, pid });
  const { stop } = supervise({ engine: "valkey", first, next: async () => live(port), log });
  return { url: `redis://${password && `:${password}@`}${localhost}:${port}`, port, pid: () => pid, stop };
}

import type { EngineLog } from "../../core/embedded-engines.ts";
import { withTimeout } from "../../core/timing/stall-tolerant-timeout.ts";
import { EngineError, lastErrorLine } from "../engine-error.ts";
import { localhost } from "../processes/free-port.ts";
import { startScript } from "../processes/script-process.ts";
import { startWithRetry } from "../processes/start-with-retry.ts";
import { type EngineProcess, supervise } from "../processes/supervise.ts";

const readyTimeoutMs = 10_000;
const stopTimeoutMs = 1_000;
const alternative = "set REDIS_URL to a Redis or Valkey of your own";

type ValkeyRequest = { log: EngineLog; port?: number; password?: string };
export type Valkey = Awaited<ReturnType<typeof startValkey>>;

/** Starts Valkey in a separate process, without files. If it exits, it is restarted on the same port, without data. */
export async function startValkey({ log, port: fixedPort, password = "" }: ValkeyRequest) {
  let pid: number | undefined;
  const startOn = (port: number): EngineProcess => {
    const serving = Promise.withResolvers<void>();
    const child = startScript({
      script: new URL("./server-process.ts", import.meta.url),
      args: [`${port}`],
      env: { VALKEY_PASSWORD: password },
      onOutput: (line) => line === "ready" && serving.resolve(),
    });
    pid = child.pid;
    const startError = (reason: string) =>
      new EngineError(`The embedded Valkey did not start (${reason}): ${alternative}.`);
    const ended = child.exited.then(() => {
      throw startError(lastErrorLine(child.errorLines()));
    });
    const ready = withTimeout(readyTimeoutMs, Promise.race([serving.promise, ended]), () =>
      startError(`not ready after ${readyTimeoutMs / 1_000} s`),
    );
    // `ended` and `ready` also reject when Valkey exits later, while they are not awaited.
    ended.catch(() => {});
    ready.catch(() => {});
    return { ready, exited: child.exited, stop: () => child.stop(stopTimeoutMs) };
  };

  const { first, port } = await startWithRetry(startOn, fixedPort);
  log({ engine: "valkey", event: "started", port, pid });
  const { stop } = supervise({ engine: "valkey", first, restart: async () => startOn(port), log });
  return { url: `redis://${password && `:${password}@`}${localhost}:${port}`, port, pid: () => pid, stop };
}

import { setTimeout as sleep } from "node:timers/promises";
import type { EngineLog } from "../../core/embedded-engines.ts";
import { withTimeout } from "../../core/timing/stall-tolerant-timeout.ts";

const minDelayMs = 1_000;
const maxDelayMs = 30_000;
const stableAfterMs = 60_000;
const stopTimeoutMs = 2_900;

/** One process of an engine. `ready` rejects when it exits first or takes too long; `stop` is limited in time. */
export type EngineProcess = { ready: Promise<void>; exited: Promise<string>; stop(): Promise<void> };

type SuperviseRequest = {
  engine: string;
  first: EngineProcess;
  restart: () => Promise<EngineProcess>;
  log: EngineLog;
};

/** Restarts an engine a second after it exits, and with growing delays while the restart fails. */
export function supervise({ engine, first, restart, log }: SuperviseRequest) {
  const stopping = new AbortController();
  let current = first;
  const watching = watch();

  async function watch() {
    let readySince = Date.now();
    let failures = 0;
    while (!stopping.signal.aborted) {
      const reason = await current.exited;
      if (stopping.signal.aborted) return;
      failures = Date.now() - readySince > stableAfterMs ? 1 : failures + 1;
      const delayMs = Math.min(maxDelayMs, minDelayMs * 2 ** (failures - 1));
      log({ engine, event: "died", reason, restartInMs: delayMs });
      await sleep(delayMs, undefined, { signal: stopping.signal, ref: false }).catch(() => {});
      if (stopping.signal.aborted) return;
      if (await tryRestart()) readySince = Date.now();
    }
  }

  async function tryRestart(): Promise<boolean> {
    try {
      current = await restart();
      if (stopping.signal.aborted) await current.stop();
      await current.ready;
      log({ engine, event: "restarted" });
      return true;
    } catch (error) {
      if (!stopping.signal.aborted) log({ engine, event: "restart failed", reason: String(error) });
      await current.stop();
      return false;
    }
  }

  return {
    async stop(): Promise<void> {
      stopping.abort();
      const ended = Promise.all([current.stop(), watching]);
      await withTimeout(stopTimeoutMs, ended, () => new Error(`${engine} did not stop in time`)).catch((error: Error) =>
        log({ engine, event: "stop failed", reason: error.message }),
      );
    },
  };
}

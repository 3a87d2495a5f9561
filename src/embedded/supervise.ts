import { setTimeout as sleep } from "node:timers/promises";
import type { EngineLog } from "./events.ts";
import { within } from "./within.ts";

const firstDelayMs = 1_000;
const longestDelayMs = 30_000;
const steadyMs = 60_000;
const stopLimitMs = 2_900;

/** One life of an engine. `ready` fails when it ends first or takes too long; `stop` is bounded. */
export type EngineProcess = { ready: Promise<void>; exited: Promise<string>; stop(): Promise<void> };

type SuperviseRequest = {
  engine: string;
  first: EngineProcess;
  next: () => Promise<EngineProcess>;
  log: EngineLog;
};

/** Keeps an engine that is ready running: starts it again about a second after it ends, ever later when that fails. */
export function supervise({ engine, first, next, log }: SuperviseRequest) {
  const stopping = new AbortController();
  let life = first;
  const watching = watch();

  async function watch() {
    let readySince = Date.now();
    let failures = 0;
    while (!stopping.signal.aborted) {
      const reason = await life.exited;
      if (stopping.signal.aborted) return;
      failures = Date.now() - readySince > steadyMs ? 1 : failures + 1;
      const delayMs = Math.min(longestDelayMs, firstDelayMs * 2 ** (failures - 1));
      log({ engine, event: "died", reason, restartInMs: delayMs });
      // not keeping the process alive for it
      await sleep(delayMs, undefined, { signal: stopping.signal, ref: false }).catch(() => {});
      if (stopping.signal.aborted) return;
      if (await restarted()) readySince = Date.now();
    }
  }

  async function restarted(): Promise<boolean> {
    try {
      life = await next();
      if (stopping.signal.aborted) await life.stop();
      await life.ready;
      log({ engine, event: "restarted" });
      return true;
    } catch (error) {
      if (!stopping.signal.aborted) log({ engine, event: "restart failed", reason: String(error) });
      await life.stop();
      return false;
    }
  }

  return {
    async stop(): Promise<void> {
      stopping.abort();
      const ended = Promise.all([life.stop(), watching]);
      await within(stopLimitMs, ended, () => new Error(`${engine} did not stop in time`)).catch((error: Error) =>
        log({ engine, event: "stop failed", reason: error.message }),
      );
    },
  };
}

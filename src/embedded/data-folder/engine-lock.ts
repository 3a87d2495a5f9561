import { link, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { errorCode } from "../engine-error.ts";
import { isAlive, startTimeOf } from "../processes/processes.ts";
import { readJson } from "./read-json.ts";

const removalTimeoutMs = 5_000;

const holderSchema = z.object({ pid: z.int().positive(), start: z.string() });
export type LockHolder = z.infer<typeof holderSchema>;

/** Creates the lock of a data folder. The one process that holds it may run the engines. */
export function engineLock(dataDir: string) {
  const lockFile = join(dataDir, "engines.lock");
  const ownFile = join(dataDir, `engines.lock.${process.pid}`);
  const removalFile = join(dataDir, "engines.lock.breaking");

  async function readHolder(): Promise<LockHolder | undefined> {
    const { data: holder } = holderSchema.safeParse(await readJson(lockFile));
    return holder && (await isAlive(holder.pid, holder.start)) ? holder : undefined;
  }

  // The complete file is linked into place, so that no process reads a partial one.
  async function tryAcquire(): Promise<boolean> {
    const holder: LockHolder = { pid: process.pid, start: await startTimeOf(process.pid) };
    await writeFile(ownFile, JSON.stringify(holder), { mode: 0o600 });
    try {
      await link(ownFile, lockFile);
      return true;
    } catch (error) {
      if (errorCode(error) !== "EEXIST") throw error;
      return false;
    } finally {
      await rm(ownFile, { force: true });
    }
  }

  // Only the process that has created `removalFile` may remove the lock of a dead process, after reading it again.
  // Otherwise two processes could find the same stale lock, and the slower one could remove the new lock of the faster.
  async function removeStaleLock(): Promise<void> {
    try {
      await writeFile(removalFile, "", { flag: "wx", mode: 0o600 });
    } catch (error) {
      if (errorCode(error) !== "EEXIST") throw error;
      const created = await stat(removalFile).catch(() => undefined);
      if (created && Date.now() - created.mtimeMs > removalTimeoutMs) await rm(removalFile, { force: true });
      return;
    }
    try {
      if (!(await readHolder())) await rm(lockFile, { force: true });
    } finally {
      await rm(removalFile, { force: true });
    }
  }

  return {
    /** Returns true if this process now holds the lock; otherwise its holder, or undefined after removing a stale lock. */
    async acquire(): Promise<true | LockHolder | undefined> {
      if (await tryAcquire()) return true;
      const holder = await readHolder();
      if (!holder) await removeStaleLock();
      return holder;
    },
    readHolder,
    release: () => rm(lockFile, { force: true }),
  };
}

import { link, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { isAlive, startOf } from "./processes.ts";

const breakLimitMs = 5_000;

const holderSchema = z.object({ pid: z.int().positive(), start: z.string() });
export type Holder = z.infer<typeof holderSchema>;

/** The right to run the engines of a folder, held by one living process. */
export function engineLock(dataDir: string) {
  const file = join(dataDir, "engines.lock");
  const own = join(dataDir, `engines.lock.${process.pid}`);
  const breaking = join(dataDir, "engines.lock.breaking");

  async function holder(): Promise<Holder | undefined> {
    const text = await readFile(file, "utf8").catch(() => "");
    const found = holderSchema.safeParse(parsed(text));
    return found.success && (await isAlive(found.data.pid, found.data.start)) ? found.data : undefined;
  }

  // linked into place when it is written: nobody ever reads half of it
  async function take(): Promise<boolean> {
    const mine: Holder = { pid: process.pid, start: await startOf(process.pid) };
    await writeFile(own, JSON.stringify(mine), { mode: 0o600 });
    try {
      await link(own, file);
      return true;
    } catch (error) {
      if (codeOf(error) !== "EEXIST") throw error;
      return false;
    } finally {
      await rm(own, { force: true });
    }
  }

  // Only who made `breaking` removes a dead one's lock, and looks again first: else two starts could both remove one,
  // the second of them the first's new one.
  async function breakDead(): Promise<void> {
    try {
      await writeFile(breaking, "", { flag: "wx", mode: 0o600 });
    } catch (error) {
      if (codeOf(error) !== "EEXIST") throw error;
      const made = await stat(breaking).catch(() => undefined);
      if (made && Date.now() - made.mtimeMs > breakLimitMs) await rm(breaking, { force: true });
      return;
    }
    try {
      if (!(await holder())) await rm(file, { force: true });
    } finally {
      await rm(breaking, { force: true });
    }
  }

  return {
    /** True when it is ours now; otherwise who has it, or nobody for a moment. */
    async acquire(): Promise<true | Holder | undefined> {
      if (await take()) return true;
      const other = await holder();
      if (!other) await breakDead();
      return other;
    },
    release: () => rm(file, { force: true }),
  };
}

const codeOf = (error: unknown) => (error instanceof Error && "code" in error ? error.code : undefined);

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

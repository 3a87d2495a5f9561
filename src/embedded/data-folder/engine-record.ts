import { rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { acceptsConnections } from "../processes/free-port.ts";
import type { LockHolder } from "./engine-lock.ts";
import { readJson } from "./read-json.ts";

const connectTimeoutMs = 1_000;

const recordSchema = z.object({
  pid: z.int().positive(),
  start: z.string(),
  databaseUrl: z.url().optional(),
  redisUrl: z.url().optional(),
});
export type EngineRecord = z.infer<typeof recordSchema>;

/** Manages the file with the addresses of the running engines. Processes that share the data folder read this file. */
export function engineRecord(dataDir: string) {
  const file = join(dataDir, "engines.json");
  return {
    async write(record: EngineRecord): Promise<void> {
      await rm(`${file}.new`, { force: true });
      await writeFile(`${file}.new`, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600, flag: "wx" });
      await rename(`${file}.new`, file);
    },

    /** Reads the record that the lock holder wrote, once every engine in it accepts connections. */
    async read(holder: LockHolder): Promise<EngineRecord | undefined> {
      const record = recordSchema.safeParse(await readJson(file)).data;
      if (record?.pid !== holder.pid || record.start !== holder.start) return undefined;
      const urls = [record.databaseUrl, record.redisUrl].filter((url) => url !== undefined);
      const accepting = await Promise.all(
        urls.map((url) => acceptsConnections(Number(new URL(url).port), connectTimeoutMs)),
      );
      return accepting.every(Boolean) ? record : undefined;
    },

    remove: () => rm(file, { force: true }),
  };
}

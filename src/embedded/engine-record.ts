import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { Holder } from "./engine-lock.ts";
import { answers } from "./free-port.ts";

const answerLimitMs = 1_000;

const recordSchema = z.object({
  pid: z.int().positive(),
  start: z.string(),
  databaseUrl: z.url().optional(),
  redisUrl: z.url().optional(),
});
export type EngineRecord = z.infer<typeof recordSchema>;

/** What the process that runs the engines of a folder tells those that join it. */
export function engineRecord(dataDir: string) {
  const file = join(dataDir, "engines.json");
  return {
    async write(record: EngineRecord): Promise<void> {
      await rm(`${file}.new`, { force: true });
      await writeFile(`${file}.new`, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600, flag: "wx" });
      await rename(`${file}.new`, file);
    },

    /** The holder's record, once there is one and every engine in it answers. */
    async read(holder: Holder): Promise<EngineRecord | undefined> {
      const text = await readFile(file, "utf8").catch(() => "null");
      const record = recordSchema.safeParse(parsed(text)).data;
      if (record?.pid !== holder.pid || record.start !== holder.start) return undefined;
      const urls = [record.databaseUrl, record.redisUrl].filter((url) => url !== undefined);
      const all = await Promise.all(urls.map((url) => answers(Number(new URL(url).port), answerLimitMs)));
      return all.every(Boolean) ? record : undefined;
    },

    remove: () => rm(file, { force: true }),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

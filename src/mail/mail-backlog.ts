import { jobSchema } from "../db/app-role.ts";
import type { Queryable } from "../db/pool.ts";
import type { MailBacklog } from "./mail-metrics.ts";
import { failedMailQueue, mailQueue } from "./outbox.ts";

const readIntervalMs = 15_000;

const selectBacklog = `
  SELECT count(*) FILTER (WHERE name = $1)::int AS waiting,
         coalesce(extract(epoch FROM now() - min(created_on) FILTER (WHERE name = $1)), 0)::float8 AS "oldestSeconds",
         count(*) FILTER (WHERE name = $2)::int AS failed
  FROM ${jobSchema}.job WHERE name IN ($1, $2) AND state IN ('created', 'retry', 'active')`;

/** Reads the size of the queue at intervals, so that a scrape costs no query. */
export function watchMailBacklog(db: Queryable, intervalMs = readIntervalMs) {
  let lastBacklog: MailBacklog | undefined;
  const read = async (): Promise<void> => {
    // While Postgres is unavailable, no size is reported, because an old one could be wrong.
    lastBacklog = (await db.query<MailBacklog>(selectBacklog, [mailQueue, failedMailQueue]).catch(() => []))[0];
  };
  const timer = setInterval(read, intervalMs).unref();
  return { current: (): MailBacklog | undefined => lastBacklog, read, stop: (): void => clearInterval(timer) };
}

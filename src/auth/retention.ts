import { uuidv7 } from "../core/ids.ts";
import type { Queryable } from "../db/pool.ts";

export type RetentionDeps = {
  db: Queryable;
  eventDays: number;
  auditDays: number;
  firstRunAfterMs?: number;
};

const intervalMs = 3_600_000;
const rowsPerStatement = 1000;
/** The maximum number of statements per table and run. The next run continues with a longer backlog. */
const maxStatements = 50;

/**
 * Deletes rows that are older than their retention period, once an hour on every instance. Rows that another instance
 * is deleting are skipped. If a run fails, for example because Postgres is read-only, the next run deletes the rows.
 */
export function createRetention({ db, eventDays, auditDays, firstRunAfterMs = 10_000 }: RetentionDeps) {
  // Ids sort by creation time, so Postgres finds the oldest rows with the index of the primary key.
  const tables = [
    { table: "security_events", days: eventDays, condition: "id < $1" },
    { table: "audit_events", days: auditDays, condition: "id < $1" },
    { table: "invitations", days: eventDays, condition: "id < $1 AND expires_at < now()" },
  ];
  let isStopped = false;

  const run = async (): Promise<void> => {
    for (const { table, days, condition } of tables) {
      const firstKeptId = uuidv7(Date.now() - days * 86_400_000);
      const sql = `DELETE FROM ${table} WHERE id IN (SELECT id FROM ${table} WHERE ${condition} ORDER BY id
                   LIMIT ${rowsPerStatement} FOR UPDATE SKIP LOCKED) RETURNING 1`;
      for (let count = 0; count < maxStatements && !isStopped; count += 1)
        if ((await db.query(sql, [firstKeptId])).length < rowsPerStatement) break;
    }
  };
  const start = (): void => void run().catch(() => undefined);

  const firstRun = setTimeout(start, firstRunAfterMs).unref();
  const timer = setInterval(start, intervalMs).unref();
  return {
    stop(): void {
      isStopped = true;
      clearTimeout(firstRun);
      clearInterval(timer);
    },
  };
}

import { uuidv7 } from "../core/ids.ts";
import type { Queryable } from "../db/pool.ts";

export type RetentionDeps = {
  db: Queryable;
  eventDays: number;
  auditDays: number;
  firstAfterMs?: number;
};

const everyMs = 3_600_000;
const rowsPerStatement = 1000;
/** A longer backlog is deleted in the following hours, so that no instance is busy with it for long. */
const maxStatements = 50;

/**
 * Deletes rows whose time is over, once an hour on every instance. Rows that another instance is deleting are skipped. A
 * failure, for example of a read-only Postgres, is repaired by the next run.
 */
export function createRetention({ db, eventDays, auditDays, firstAfterMs = 10_000 }: RetentionDeps) {
  // Ids sort by creation time, so the oldest rows are found by the primary key.
  const tables = [
    { table: "security_events", days: eventDays, condition: "id < $1" },
    { table: "audit_events", days: auditDays, condition: "id < $1" },
    { table: "invitations", days: eventDays, condition: "id < $1 AND expires_at < now()" },
  ];
  let stopped = false;

  const run = async (): Promise<void> => {
    for (const { table, days, condition } of tables) {
      const oldest = uuidv7(Date.now() - days * 86_400_000);
      const sql = `DELETE FROM ${table} WHERE id IN (SELECT id FROM ${table} WHERE ${condition} ORDER BY id
                   LIMIT ${rowsPerStatement} FOR UPDATE SKIP LOCKED) RETURNING 1`;
      for (let count = 0; count < maxStatements && !stopped; count += 1)
        if ((await db.query(sql, [oldest])).length < rowsPerStatement) break;
    }
  };
  const start = (): void => void run().catch(() => undefined);

  const first = setTimeout(start, firstAfterMs).unref();
  const timer = setInterval(start, everyMs).unref();
  return {
    stop(): void {
      stopped = true;
      clearTimeout(first);
      clearInterval(timer);
    },
  };
}

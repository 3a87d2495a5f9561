import { uuidv7 } from "../../core/ids.ts";
import type { Queryable } from "../../db/pool.ts";
import { type ListPage, type PageRequest, readList } from "../../db/read-list.ts";

export const auditActions = [
  "user_activated",
  "user_deactivated",
  "role_changed",
  "sessions_ended",
  "invitation_created",
] as const;
export type AuditAction = (typeof auditActions)[number];

/** The administrator and the request that caused an action. */
export type Origin = {
  actorId: string | null;
  address: string | null;
  requestId: string | null;
  traceId: string | null;
};

/** The origin of actions without a request of an administrator, such as the command `grant-admin`. */
export const noRequest: Origin = { actorId: null, address: null, requestId: null, traceId: null };

export type AuditEntry = { action: AuditAction; targetId: string; details?: Readonly<Record<string, unknown>> };

export type AuditEvent = Origin & {
  id: string;
  at: Date;
  action: AuditAction;
  targetId: string | null;
  details: Record<string, string>;
};

/** Call in the transaction of the action, so that no action is committed without its entry. */
export async function recordAuditEntry(
  tx: Queryable,
  origin: Origin,
  { action, targetId, details = {} }: AuditEntry,
): Promise<void> {
  const sql = `INSERT INTO audit_events (id, actor_id, action, target_id, details, address, request_id, trace_id)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`;
  const { actorId, address, requestId, traceId } = origin;
  await tx.query(sql, [uuidv7(), actorId, action, targetId, JSON.stringify(details), address, requestId, traceId]);
}

export type AuditFilter = { actorId?: string | undefined; targetId?: string | undefined };

const columns = `id, created_at AS at, actor_id AS "actorId", action, target_id AS "targetId", details, address,
                 request_id AS "requestId", trace_id AS "traceId"`;

/** Lists audit events, newest first. */
export function listAuditTrail(
  db: Queryable,
  { actorId, targetId }: AuditFilter,
  page: PageRequest,
): Promise<ListPage<AuditEvent>> {
  const where = [
    ["actor_id = ?", actorId],
    ["target_id = ?", targetId],
  ] as const;
  return readList<AuditEvent>(db, { columns, table: "audit_events", where }, page);
}

import type { Queryable } from "../../db/pool.ts";
import type { MaintenanceEvent } from "../maintenance/events.ts";

export type PositionedEvent = MaintenanceEvent & { position: number };

type Row = MaintenanceEvent & { position: string };

/** An owner's events are committed in the order of their positions. */
export const positions = {
  async head(db: Queryable, ownerId: string): Promise<number> {
    return (await positions.heads(db, [ownerId])).get(ownerId) ?? 0;
  },

  async heads(db: Queryable, ownerIds: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const text = `SELECT owner_id AS "ownerId", position FROM maintenance_event_heads WHERE owner_id = ANY($1)`;
    const rows = await db.query<{ ownerId: string; position: string }>({ name: "stream_heads", text }, [ownerIds]);
    return new Map(rows.map((row) => [row.ownerId, Number(row.position)]));
  },

  async after(db: Queryable, ownerId: string, position: number, maxEvents: number): Promise<PositionedEvent[]> {
    const text = `SELECT id, position, type, request_id AS "requestId", unit_id AS "unitId", created_at AS at, data
                  FROM maintenance_events WHERE owner_id = $1 AND position > $2 ORDER BY position LIMIT $3`;
    const rows = await db.query<Row>({ name: "stream_events", text }, [ownerId, position, maxEvents]);
    return rows.map((row) => ({ ...row, position: Number(row.position) }));
  },
};

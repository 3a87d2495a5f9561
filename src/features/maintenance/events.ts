import { uuidv7 } from "../../core/ids.ts";
import type { Queryable } from "../../db/pool.ts";
import type { ListPage, PageRequest } from "../../db/read-list.ts";
import type { MaintenanceRequest } from "./repository.ts";
import type { EventType } from "./schema.ts";

export type MaintenanceEvent = {
  id: string;
  requestId: string;
  unitId: string;
  type: EventType;
  at: Date;
  data: Readonly<Record<string, unknown>>;
};

const columns = `id, request_id AS "requestId", unit_id AS "unitId", type, created_at AS at, data`;

export const events = {
  /** Call late in the transaction, because other events of this owner have to wait until the commit. */
  async append(
    db: Queryable,
    ownerId: string,
    { id, unitId }: Pick<MaintenanceRequest, "id" | "unitId">,
    type: EventType,
    data: Readonly<Record<string, unknown>>,
  ): Promise<MaintenanceEvent | undefined> {
    const sql = `WITH head AS (
                   INSERT INTO maintenance_event_heads AS heads (owner_id, position) VALUES ($2, 1)
                   ON CONFLICT (owner_id) DO UPDATE SET position = heads.position + 1 RETURNING position)
                 INSERT INTO maintenance_events (id, owner_id, position, request_id, unit_id, type, data, created_at)
                 SELECT $1, $2, position, $3, $4, $5, $6, clock_timestamp() FROM head RETURNING ${columns}`;
    return (await db.query<MaintenanceEvent>(sql, [uuidv7(), ownerId, id, unitId, type, data]))[0];
  },

  /** Lists events by position as in the stream, newest first. The order of their ids can differ from that order. */
  async list(
    db: Queryable,
    ownerId: string,
    requestId: string,
    { below, take }: PageRequest,
  ): Promise<ListPage<MaintenanceEvent>> {
    const sql = `SELECT ${columns} FROM maintenance_events WHERE owner_id = $1 AND request_id = $2
                 AND position < coalesce((SELECT position FROM maintenance_events WHERE owner_id = $1 AND id = $3), $5)
                 ORDER BY position DESC LIMIT $4`;
    const items = await db.query<MaintenanceEvent>(sql, [ownerId, requestId, below, take, String(aboveAllPositions)]);
    return { items, stoppedAt: undefined };
  },
};

const aboveAllPositions = 2n ** 63n - 1n;

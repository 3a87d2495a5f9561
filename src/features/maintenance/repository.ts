import { uuidv7 } from "../../core/ids.ts";
import type { Queryable } from "../../db/pool.ts";
import { type ListPage, type PageRequest, readList } from "../../db/read-list.ts";
import type { RequestFields } from "./schema.ts";
import type { RequestStatus } from "./status-transitions.ts";

export type MaintenanceRequest = RequestFields & {
  id: string;
  unitId: string;
  status: RequestStatus;
  createdAt: Date;
  updatedAt: Date;
};

export type RequestFilter = { unitId?: string; status?: RequestStatus | undefined; q?: string | undefined };

const columns = `id, unit_id AS "unitId", title, description, priority, status, created_at AS "createdAt",
                 updated_at AS "updatedAt"`;

export const requests = {
  async insert(
    db: Queryable,
    ownerId: string,
    unitId: string,
    { title, description, priority }: RequestFields,
  ): Promise<MaintenanceRequest | undefined> {
    const sql = {
      name: "maintenance-request-insert",
      text: `INSERT INTO maintenance_requests (id, owner_id, unit_id, title, description, priority)
                 VALUES ($1, $2, $3, $4, $5, $6) RETURNING ${columns}`,
    };
    return (await db.query<MaintenanceRequest>(sql, [uuidv7(), ownerId, unitId, title, description, priority]))[0];
  },

  list(
    db: Queryable,
    ownerId: string,
    { unitId, status, q }: RequestFilter,
    page: PageRequest,
  ): Promise<ListPage<MaintenanceRequest>> {
    const where = [
      ["owner_id = ?", ownerId],
      ["unit_id = ?", unitId],
      ["status = ?", status],
    ] as const;
    const search = { text: q, in: ["title", "description"] };
    return readList(db, { columns, table: "maintenance_requests", where, search, isIndexed: true }, page);
  },

  async find(db: Queryable, ownerId: string, id: string): Promise<MaintenanceRequest | undefined> {
    const text = `SELECT ${columns} FROM maintenance_requests WHERE owner_id = $1 AND id = $2`;
    return (await db.query<MaintenanceRequest>({ name: "maintenance_request", text, isShort: true }, [ownerId, id]))[0];
  },

  async lock(db: Queryable, ownerId: string, id: string): Promise<MaintenanceRequest | undefined> {
    const sql = `SELECT ${columns} FROM maintenance_requests WHERE owner_id = $1 AND id = $2 FOR UPDATE`;
    return (await db.query<MaintenanceRequest>(sql, [ownerId, id]))[0];
  },

  async update(
    db: Queryable,
    ownerId: string,
    { id, title, description, priority, status }: MaintenanceRequest,
  ): Promise<MaintenanceRequest | undefined> {
    const sql = `UPDATE maintenance_requests SET title = $3, description = $4, priority = $5, status = $6,
                   updated_at = clock_timestamp()
                 WHERE owner_id = $1 AND id = $2 RETURNING ${columns}`;
    return (await db.query<MaintenanceRequest>(sql, [ownerId, id, title, description, priority, status]))[0];
  },

  async remove(db: Queryable, ownerId: string, id: string): Promise<void> {
    await db.query("DELETE FROM maintenance_requests WHERE owner_id = $1 AND id = $2", [ownerId, id]);
  },
};

import { uuidv7 } from "../../core/ids.ts";
import type { Queryable } from "../../db/pool.ts";
import { type ListPage, type PageRequest, readList } from "../../db/read-list.ts";
import type { LeaseFields, LeaseStatus } from "./schema.ts";

export type Lease = LeaseFields & {
  id: string;
  unitId: string;
  currency: string;
  status: LeaseStatus;
  createdAt: Date;
  updatedAt: Date;
};

export type LeaseFilter = { status?: LeaseStatus | undefined; q?: string | undefined };

const today = "(now() AT TIME ZONE 'utc')::date";
const status = `CASE WHEN starts_on > ${today} THEN 'upcoming' WHEN ends_on < ${today} THEN 'ended' ELSE 'active' END`;
const columns = `id, unit_id AS "unitId", tenant_name AS "tenantName", tenant_email AS "tenantEmail",
                 starts_on::text AS "startsOn", ends_on::text AS "endsOn", rent_cents AS "rentCents", currency,
                 ${status} AS status, created_at AS "createdAt", updated_at AS "updatedAt"`;

export const overlapConstraint = "leases_do_not_overlap";

export const leases = {
  async insert(
    db: Queryable,
    ownerId: string,
    unit: { id: string; currency: string },
    fields: LeaseFields,
  ): Promise<Lease | undefined> {
    const sql = {
      name: "lease-insert",
      text: `INSERT INTO leases
                   (id, owner_id, unit_id, currency, tenant_name, tenant_email, starts_on, ends_on, rent_cents)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING ${columns}`,
    };
    return (await db.query<Lease>(sql, [uuidv7(), ownerId, unit.id, unit.currency, ...valuesOf(fields)]))[0];
  },

  list(
    db: Queryable,
    ownerId: string,
    unitId: string,
    filter: LeaseFilter,
    page: PageRequest,
  ): Promise<ListPage<Lease>> {
    const where = [
      ["owner_id = ?", ownerId],
      ["unit_id = ?", unitId],
      [`${status} = ?`, filter.status],
    ] as const;
    const search = { text: filter.q, in: ["tenant_name", "tenant_email"] };
    return readList(db, { columns, table: "leases", where, search, isIndexed: filter.status === undefined }, page);
  },

  async find(db: Queryable, ownerId: string, id: string): Promise<Lease | undefined> {
    const text = `SELECT ${columns} FROM leases WHERE owner_id = $1 AND id = $2`;
    return (await db.query<Lease>({ name: "lease", text, isShort: true }, [ownerId, id]))[0];
  },

  async lock(db: Queryable, ownerId: string, id: string): Promise<Lease | undefined> {
    const sql = `SELECT ${columns} FROM leases WHERE owner_id = $1 AND id = $2 FOR UPDATE`;
    return (await db.query<Lease>(sql, [ownerId, id]))[0];
  },

  async update(db: Queryable, ownerId: string, id: string, fields: LeaseFields): Promise<Lease | undefined> {
    const sql = `UPDATE leases SET tenant_name = $3, tenant_email = $4, starts_on = $5, ends_on = $6, rent_cents = $7,
                   updated_at = clock_timestamp()
                 WHERE owner_id = $1 AND id = $2 RETURNING ${columns}`;
    return (await db.query<Lease>(sql, [ownerId, id, ...valuesOf(fields)]))[0];
  },

  async remove(db: Queryable, ownerId: string, id: string): Promise<void> {
    await db.query("DELETE FROM leases WHERE owner_id = $1 AND id = $2", [ownerId, id]);
  },
};

const valuesOf = ({ tenantName, tenantEmail, startsOn, endsOn, rentCents }: LeaseFields) => [
  tenantName,
  tenantEmail,
  startsOn,
  endsOn,
  rentCents,
];

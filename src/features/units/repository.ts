import { uuidv7 } from "../../core/ids.ts";
import type { Queryable } from "../../db/pool.ts";
import { type ListPage, type PageRequest, readList } from "../../db/read-list.ts";
import type { UnitFields, UnitStatus } from "./schema.ts";

export type Unit = Omit<UnitFields, "status"> & {
  id: string;
  propertyId: string;
  status: UnitStatus;
  createdAt: Date;
  updatedAt: Date;
};

export type UnitFilter = { status?: UnitStatus | undefined; q?: string | undefined };

const today = "(now() AT TIME ZONE 'utc')::date";
/** Derived on every read, because a lease ends by date, without any write. */
const status = `CASE WHEN EXISTS (SELECT FROM leases WHERE leases.unit_id = units.id AND leases.period @> ${today})
                THEN 'occupied' WHEN withdrawn THEN 'unavailable' ELSE 'vacant' END`;
const columns = `id, property_id AS "propertyId", label, bedrooms, bathrooms, rent_cents AS "rentCents", currency,
                 ${status} AS status, created_at AS "createdAt", updated_at AS "updatedAt"`;

export const units = {
  /** Reads the property first: a label that is taken must not be reported to another owner. */
  async insert(db: Queryable, ownerId: string, propertyId: string, fields: UnitFields): Promise<Unit | undefined> {
    const sql = {
      name: "unit-insert",
      text: `INSERT INTO units
                   (id, owner_id, property_id, label, bedrooms, bathrooms, rent_cents, currency, withdrawn)
                 SELECT $1, owner_id, id, $4, $5, $6, $7, $8, $9 FROM properties WHERE owner_id = $2 AND id = $3
                 RETURNING ${columns}`,
    };
    return (await db.query<Unit>(sql, [uuidv7(), ownerId, propertyId, ...valuesOf(fields)]))[0];
  },

  list(
    db: Queryable,
    ownerId: string,
    propertyId: string,
    filter: UnitFilter,
    page: PageRequest,
  ): Promise<ListPage<Unit>> {
    const where = [
      ["owner_id = ?", ownerId],
      ["property_id = ?", propertyId],
      [`${status} = ?`, filter.status],
    ] as const;
    return readList(
      db,
      {
        columns,
        table: "units",
        where,
        search: { text: filter.q, in: ["label"] },
        isIndexed: filter.status === undefined,
      },
      page,
    );
  },

  async find(db: Queryable, ownerId: string, id: string): Promise<Unit | undefined> {
    const text = `SELECT ${columns} FROM units WHERE owner_id = $1 AND id = $2`;
    return (await db.query<Unit>({ name: "unit", text, isShort: true }, [ownerId, id]))[0];
  },

  /** Locks the unit, then reads it in a second statement, which sees the changes that the lock waited for. */
  async lock(db: Queryable, ownerId: string, id: string): Promise<Unit | undefined> {
    await db.query("SELECT FROM units WHERE owner_id = $1 AND id = $2 FOR UPDATE", [ownerId, id]);
    return units.find(db, ownerId, id);
  },

  async update(db: Queryable, ownerId: string, id: string, fields: UnitFields): Promise<Unit | undefined> {
    const sql = `UPDATE units SET label = $3, bedrooms = $4, bathrooms = $5, rent_cents = $6, currency = $7,
                   withdrawn = $8, updated_at = clock_timestamp()
                 WHERE owner_id = $1 AND id = $2 RETURNING ${columns}`;
    return (await db.query<Unit>(sql, [ownerId, id, ...valuesOf(fields)]))[0];
  },

  async isWithdrawn(db: Queryable, ownerId: string, id: string): Promise<boolean> {
    const sql = "SELECT withdrawn FROM units WHERE owner_id = $1 AND id = $2";
    return (await db.query<{ withdrawn: boolean }>(sql, [ownerId, id]))[0]?.withdrawn === true;
  },

  async remove(db: Queryable, ownerId: string, id: string): Promise<void> {
    await db.query("DELETE FROM units WHERE owner_id = $1 AND id = $2", [ownerId, id]);
  },
};

const valuesOf = ({ label, bedrooms, bathrooms, rentCents, currency, status }: UnitFields) => [
  label,
  bedrooms,
  bathrooms,
  rentCents,
  currency,
  status === "unavailable",
];

import { uuidv7 } from "../../core/ids.ts";
import type { Queryable } from "../../db/pool.ts";
import { type ListPage, type PageRequest, readList } from "../../db/read-list.ts";
import type { PropertyFields } from "./schema.ts";

export type Property = PropertyFields & { id: string; createdAt: Date; updatedAt: Date };

export type PropertyFilter = { kind?: string | undefined; q?: string | undefined };

const columns = `id, name, kind, address, created_at AS "createdAt", updated_at AS "updatedAt"`;

export const properties = {
  async insert(db: Queryable, ownerId: string, { name, kind, address }: PropertyFields): Promise<Property | undefined> {
    const sql = {
      name: "property-insert",
      text: `INSERT INTO properties (id, owner_id, name, kind, address) VALUES ($1, $2, $3, $4, $5)
                 RETURNING ${columns}`,
    };
    return (await db.query<Property>(sql, [uuidv7(), ownerId, name, kind, address]))[0];
  },

  list(db: Queryable, ownerId: string, { kind, q }: PropertyFilter, page: PageRequest): Promise<ListPage<Property>> {
    const where = [
      ["owner_id = ?", ownerId],
      ["kind = ?", kind],
    ] as const;
    const search = { text: q, in: ["name", "address->>'line1'", "address->>'city'"] };
    return readList(db, { columns, table: "properties", where, search, isIndexed: kind === undefined }, page);
  },

  async find(db: Queryable, ownerId: string, id: string): Promise<Property | undefined> {
    const text = `SELECT ${columns} FROM properties WHERE owner_id = $1 AND id = $2`;
    return (await db.query<Property>({ name: "property", text, isShort: true }, [ownerId, id]))[0];
  },

  async lock(db: Queryable, ownerId: string, id: string): Promise<Property | undefined> {
    const sql = `SELECT ${columns} FROM properties WHERE owner_id = $1 AND id = $2 FOR UPDATE`;
    return (await db.query<Property>(sql, [ownerId, id]))[0];
  },

  async update(db: Queryable, ownerId: string, id: string, fields: PropertyFields): Promise<Property | undefined> {
    const sql = `UPDATE properties SET name = $3, kind = $4, address = $5, updated_at = clock_timestamp()
                 WHERE owner_id = $1 AND id = $2 RETURNING ${columns}`;
    return (await db.query<Property>(sql, [ownerId, id, fields.name, fields.kind, fields.address]))[0];
  },

  async remove(db: Queryable, ownerId: string, id: string): Promise<void> {
    await db.query("DELETE FROM properties WHERE owner_id = $1 AND id = $2", [ownerId, id]);
  },
};

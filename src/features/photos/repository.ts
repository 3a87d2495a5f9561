import type { Queryable } from "../../db/pool.ts";
import { type ListPage, type PageRequest, readList } from "../../db/read-list.ts";

export type Photo = {
  id: string;
  propertyId: string;
  width: number;
  height: number;
  urls: { list: string; page: string };
  createdAt: Date;
};

export type PhotoFields = {
  id: string;
  propertyId: string;
  width: number;
  height: number;
  listFile: string;
  pageFile: string;
};

const columns = `id, property_id AS "propertyId", width, height,
                 json_build_object('list', '/uploads/' || list_file, 'page', '/uploads/' || page_file) AS urls,
                 created_at AS "createdAt"`;

export const photos = {
  async insert(db: Queryable, ownerId: string, photo: PhotoFields): Promise<Photo | undefined> {
    const sql = `INSERT INTO photos (id, owner_id, property_id, width, height, list_file, page_file)
                 VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING ${columns}`;
    const { id, propertyId, width, height, listFile, pageFile } = photo;
    return (await db.query<Photo>(sql, [id, ownerId, propertyId, width, height, listFile, pageFile]))[0];
  },

  list(db: Queryable, ownerId: string, propertyId: string, page: PageRequest): Promise<ListPage<Photo>> {
    const where = [
      ["owner_id = ?", ownerId],
      ["property_id = ?", propertyId],
    ] as const;
    return readList(db, { columns, table: "photos", where, isIndexed: true }, page);
  },

  async find(db: Queryable, ownerId: string, id: string): Promise<Photo | undefined> {
    const text = `SELECT ${columns} FROM photos WHERE owner_id = $1 AND id = $2`;
    return (await db.query<Photo>({ name: "photo", text, isShort: true }, [ownerId, id]))[0];
  },

  async lock(db: Queryable, ownerId: string, id: string): Promise<Photo | undefined> {
    const sql = `SELECT ${columns} FROM photos WHERE owner_id = $1 AND id = $2 FOR UPDATE`;
    return (await db.query<Photo>(sql, [ownerId, id]))[0];
  },

  /** Deletes the photo. Returns the names of the photo's files, which the caller has to delete. */
  async remove(db: Queryable, ownerId: string, id: string): Promise<string[]> {
    const sql = `DELETE FROM photos WHERE owner_id = $1 AND id = $2
                 RETURNING list_file AS "listFile", page_file AS "pageFile"`;
    const rows = await db.query<{ listFile: string; pageFile: string }>(sql, [ownerId, id]);
    return rows.flatMap(({ listFile, pageFile }) => [listFile, pageFile]);
  },
};

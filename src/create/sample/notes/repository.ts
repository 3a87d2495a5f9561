import { uuidv7 } from "../../../core/ids.ts";
import type { Queryable } from "../../../db/pool.ts";
import { type ListPage, type PageRequest, readList } from "../../../db/read-list.ts";
import type { NoteFields } from "./schema.ts";

export type Note = NoteFields & { id: string; createdAt: Date; updatedAt: Date };

const columns = `id, title, text, created_at AS "createdAt", updated_at AS "updatedAt"`;

export const notes = {
  async insert(db: Queryable, ownerId: string, { title, text }: NoteFields): Promise<Note | undefined> {
    const sql = `INSERT INTO notes (id, owner_id, title, text) VALUES ($1, $2, $3, $4) RETURNING ${columns}`;
    return (await db.query<Note>(sql, [uuidv7(), ownerId, title, text]))[0];
  },

  list(db: Queryable, ownerId: string, q: string | undefined, page: PageRequest): Promise<ListPage<Note>> {
    const where = [["owner_id = ?", ownerId]] as const;
    return readList(db, { columns, table: "notes", where, search: { text: q, in: ["title", "text"] } }, page);
  },

  async find(db: Queryable, ownerId: string, id: string): Promise<Note | undefined> {
    const text = `SELECT ${columns} FROM notes WHERE owner_id = $1 AND id = $2`;
    return (await db.query<Note>({ name: "note", text }, [ownerId, id]))[0];
  },

  async lock(db: Queryable, ownerId: string, id: string): Promise<Note | undefined> {
    const sql = `SELECT ${columns} FROM notes WHERE owner_id = $1 AND id = $2 FOR UPDATE`;
    return (await db.query<Note>(sql, [ownerId, id]))[0];
  },

  async update(db: Queryable, ownerId: string, id: string, { title, text }: NoteFields): Promise<Note | undefined> {
    const sql = `UPDATE notes SET title = $3, text = $4, updated_at = clock_timestamp()
                 WHERE owner_id = $1 AND id = $2 RETURNING ${columns}`;
    return (await db.query<Note>(sql, [ownerId, id, title, text]))[0];
  },

  async remove(db: Queryable, ownerId: string, id: string): Promise<void> {
    await db.query("DELETE FROM notes WHERE owner_id = $1 AND id = $2", [ownerId, id]);
  },
};

import type { Database, Queryable } from "../../../db/pool.ts";
import type { ListPage, PageRequest } from "../../../db/read-list.ts";
import { orNotFound } from "../../../features/or-not-found.ts";
import type { Precondition } from "../../../http/etag.ts";
import { type Note, notes } from "./repository.ts";
import type { NoteChanges, NoteFields } from "./schema.ts";

const resource = "note";

export function createNoteService({ db }: { db: Database }) {
  return {
    create: async (tx: Queryable, owner: string, fields: NoteFields): Promise<Note> =>
      orNotFound(await notes.insert(tx, owner, fields), resource),

    list: (owner: string, q: string | undefined, page: PageRequest): Promise<ListPage<Note>> =>
      notes.list(db, owner, q, page),

    get: async (owner: string, id: string): Promise<Note> => orNotFound(await notes.find(db, owner, id), resource),

    change: (owner: string, id: string, changes: NoteChanges, precondition: Precondition): Promise<Note> =>
      db.transaction(async (tx) => {
        const current = orNotFound(await notes.lock(tx, owner, id), resource);
        precondition(current);
        return orNotFound(await notes.update(tx, owner, id, { ...current, ...changes }), resource);
      }),

    remove: (owner: string, id: string, precondition: Precondition): Promise<void> =>
      db.transaction(async (tx) => {
        precondition(orNotFound(await notes.lock(tx, owner, id), resource));
        await notes.remove(tx, owner, id);
      }),
  };
}

export type NoteService = ReturnType<typeof createNoteService>;

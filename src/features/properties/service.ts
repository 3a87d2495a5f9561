import { AppError } from "../../core/app-error.ts";
import { onForeignKeyViolation } from "../../db/driver-errors.ts";
import type { Database, Queryable } from "../../db/pool.ts";
import type { ListPage, PageRequest } from "../../db/read-list.ts";
import type { Precondition } from "../../http/etag.ts";
import { orNotFound } from "../or-not-found.ts";
import { type Property, type PropertyFilter, properties } from "./repository.ts";
import type { PropertyChanges, PropertyFields } from "./schema.ts";

const what = "property";

export function createPropertyService({ db }: { db: Database }) {
  return {
    create: async (tx: Queryable, owner: string, fields: PropertyFields): Promise<Property> =>
      orNotFound(await properties.insert(tx, owner, fields), what),

    list: (owner: string, filter: PropertyFilter, slice: PageRequest): Promise<ListPage<Property>> =>
      properties.list(db, owner, filter, slice),

    get: async (owner: string, id: string): Promise<Property> => orNotFound(await properties.find(db, owner, id), what),

    change: (owner: string, id: string, changes: PropertyChanges, expect: Precondition): Promise<Property> =>
      db.transaction(async (tx) => {
        const present = orNotFound(await properties.lock(tx, owner, id), what);
        expect(present);
        return orNotFound(await properties.update(tx, owner, id, { ...present, ...changes }), what);
      }),

    remove: (owner: string, id: string, expect: Precondition): Promise<void> =>
      db.transaction(async (tx) => {
        expect(orNotFound(await properties.lock(tx, owner, id), what));
        await properties.remove(tx, owner, id).catch(onForeignKeyViolation(inUse));
      }),
  };
}

export type PropertyService = ReturnType<typeof createPropertyService>;

const inUse = () => new AppError("conflict", "The property still has units or photos; delete those first.");

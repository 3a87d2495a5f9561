import { AppError } from "../../core/errors/app-error.ts";
import { onForeignKeyViolation } from "../../db/driver-errors.ts";
import type { Database, Queryable } from "../../db/pool.ts";
import type { ListPage, PageRequest } from "../../db/read-list.ts";
import type { Precondition } from "../../http/etag.ts";
import { orNotFound } from "../or-not-found.ts";
import { type Property, type PropertyFilter, properties } from "./repository.ts";
import type { PropertyChanges, PropertyFields } from "./schema.ts";

const resource = "property";

export function createPropertyService({ db }: { db: Database }) {
  return {
    create: async (tx: Queryable, owner: string, fields: PropertyFields): Promise<Property> =>
      orNotFound(await properties.insert(tx, owner, fields), resource),

    list: (owner: string, filter: PropertyFilter, page: PageRequest): Promise<ListPage<Property>> =>
      properties.list(db, owner, filter, page),

    get: async (owner: string, id: string): Promise<Property> =>
      orNotFound(await properties.find(db, owner, id), resource),

    change: (owner: string, id: string, changes: PropertyChanges, precondition: Precondition): Promise<Property> =>
      db.transaction(async (tx) => {
        const current = orNotFound(await properties.lock(tx, owner, id), resource);
        precondition(current);
        return orNotFound(await properties.update(tx, owner, id, { ...current, ...changes }), resource);
      }),

    remove: (owner: string, id: string, precondition: Precondition): Promise<void> =>
      db.transaction(async (tx) => {
        precondition(orNotFound(await properties.lock(tx, owner, id), resource));
        await properties.remove(tx, owner, id).catch(onForeignKeyViolation(inUse));
      }),
  };
}

export type PropertyService = ReturnType<typeof createPropertyService>;

const inUse = () => new AppError("conflict", "The property has units or photos. Delete them first.");

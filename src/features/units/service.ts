import { AppError } from "../../core/errors/app-error.ts";
import { onConstraint, onForeignKeyViolation } from "../../db/driver-errors.ts";
import type { Database, Queryable } from "../../db/pool.ts";
import type { ListPage, PageRequest } from "../../db/read-list.ts";
import type { Precondition } from "../../http/etag.ts";
import { notFound, orNotFound } from "../or-not-found.ts";
import type { PropertyService } from "../properties/service.ts";
import { type Unit, type UnitFilter, units } from "./repository.ts";
import type { UnitChanges, UnitFields } from "./schema.ts";

const resource = "unit";

export type UnitDeps = { db: Database; properties: Pick<PropertyService, "get"> };

export function createUnitService({ db, properties }: UnitDeps) {
  return {
    create: async (tx: Queryable, owner: string, propertyId: string, fields: UnitFields): Promise<Unit> =>
      orNotFound(
        await units
          .insert(tx, owner, propertyId, fields)
          .catch(onConstraint("units_property_fkey", () => notFound("property")))
          .catch(onConstraint("units_label_key", labelTaken)),
        "property",
      ),

    async list(owner: string, propertyId: string, filter: UnitFilter, page: PageRequest): Promise<ListPage<Unit>> {
      const list = await units.list(db, owner, propertyId, filter, page);
      // An empty list may mean that the property does not exist.
      if (list.items.length === 0) await properties.get(owner, propertyId);
      return list;
    },

    get: async (owner: string, id: string): Promise<Unit> => orNotFound(await units.find(db, owner, id), resource),

    change: (owner: string, id: string, changes: UnitChanges, precondition: Precondition): Promise<Unit> =>
      db.transaction(async (tx) => {
        const current = orNotFound(await units.lock(tx, owner, id), resource);
        precondition(current);
        if (changes.status !== undefined && current.status === "occupied") throw occupied();
        const status = changes.status ?? ((await units.isWithdrawn(tx, owner, id)) ? "unavailable" : "vacant");
        const update = units.update(tx, owner, id, { ...current, ...changes, status });
        return orNotFound(await update.catch(onConstraint("units_label_key", labelTaken)), resource);
      }),

    remove: (owner: string, id: string, precondition: Precondition): Promise<void> =>
      db.transaction(async (tx) => {
        precondition(orNotFound(await units.lock(tx, owner, id), resource));
        await units.remove(tx, owner, id).catch(onForeignKeyViolation(inUse));
      }),

    /**
     * Locks and returns the unit, so that neither it nor its leases change during the caller's transaction.
     * `isWithdrawn`: the owner has set the status to `unavailable`; the status itself is `occupied` while a lease runs.
     */
    lock: async (tx: Queryable, owner: string, id: string): Promise<Unit & { isWithdrawn: boolean }> => ({
      ...orNotFound(await units.lock(tx, owner, id), resource),
      isWithdrawn: await units.isWithdrawn(tx, owner, id),
    }),
  };
}

export type UnitService = ReturnType<typeof createUnitService>;

const labelTaken = () => new AppError("conflict", "The property already has a unit with this label.");
const occupied = () => new AppError("conflict", "The unit has an active lease, which determines its status.");
const inUse = () => new AppError("conflict", "The unit has leases or maintenance requests. Delete them first.");

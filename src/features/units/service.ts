import { AppError } from "../../core/app-error.ts";
import { onConstraint, onForeignKeyViolation } from "../../db/driver-errors.ts";
import type { Database, Queryable } from "../../db/pool.ts";
import type { ListPage, PageRequest } from "../../db/read-list.ts";
import type { Precondition } from "../../http/etag.ts";
import { notFound, orNotFound } from "../or-not-found.ts";
import type { PropertyService } from "../properties/service.ts";
import { type Unit, type UnitFilter, units } from "./repository.ts";
import type { UnitChanges, UnitFields } from "./schema.ts";

const what = "unit";

export type UnitDeps = { db: Database; properties: Pick<PropertyService, "get"> };

export function createUnitService({ db, properties }: UnitDeps) {
  return {
    create: async (tx: Queryable, owner: string, propertyId: string, fields: UnitFields): Promise<Unit> =>
      orNotFound(
        await units
          .insert(tx, owner, propertyId, fields)
          .catch(onConstraint("units_property_fkey", () => notFound("property")))
          .catch(onConstraint("units_label_key", labelTaken)),
        what,
      ),

    async list(owner: string, propertyId: string, filter: UnitFilter, slice: PageRequest): Promise<ListPage<Unit>> {
      const portion = await units.list(db, owner, propertyId, filter, slice);
      // Nothing there: of a property without units, or of one that is not there itself.
      if (portion.items.length === 0) await properties.get(owner, propertyId);
      return portion;
    },

    get: async (owner: string, id: string): Promise<Unit> => orNotFound(await units.find(db, owner, id), what),

    change: (owner: string, id: string, changes: UnitChanges, expect: Precondition): Promise<Unit> =>
      db.transaction(async (tx) => {
        const present = orNotFound(await units.lock(tx, owner, id), what);
        expect(present);
        if (changes.status !== undefined && present.status === "occupied") throw occupied();
        const status = changes.status ?? ((await units.withdrawn(tx, owner, id)) ? "unavailable" : "vacant");
        const update = units.update(tx, owner, id, { ...present, ...changes, status });
        return orNotFound(await update.catch(onConstraint("units_label_key", labelTaken)), what);
      }),

    remove: (owner: string, id: string, expect: Precondition): Promise<void> =>
      db.transaction(async (tx) => {
        expect(orNotFound(await units.lock(tx, owner, id), what));
        await units.remove(tx, owner, id).catch(onForeignKeyViolation(inUse));
      }),

    /** For whoever changes its leases: as it is, and nobody else changes it or them meanwhile. */
    lock: async (tx: Queryable, owner: string, id: string): Promise<Unit & { withdrawn: boolean }> => ({
      ...orNotFound(await units.lock(tx, owner, id), what),
      withdrawn: await units.withdrawn(tx, owner, id),
    }),
  };
}

export type UnitService = ReturnType<typeof createUnitService>;

const labelTaken = () => new AppError("conflict", "The property has a unit with this label already.");
const occupied = () => new AppError("conflict", "The unit is let today; its status follows its leases.");
const inUse = () => new AppError("conflict", "The unit still has leases or maintenance requests; delete those first.");

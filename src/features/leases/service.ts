import { AppError } from "../../core/app-error.ts";
import { onConstraint } from "../../db/driver-errors.ts";
import type { Database, Queryable } from "../../db/pool.ts";
import type { ListPage, PageRequest } from "../../db/read-list.ts";
import type { Precondition } from "../../http/etag.ts";
import { orNotFound } from "../or-not-found.ts";
import type { UnitService } from "../units/service.ts";
import { type Lease, type LeaseFilter, leases, noOverlap } from "./repository.ts";
import { inOrder, type LeaseChanges, type LeaseFields, outOfOrder } from "./schema.ts";

const what = "lease";

export type LeaseDeps = { db: Database; units: Pick<UnitService, "get" | "lock"> };

export function createLeaseService({ db, units }: LeaseDeps) {
  return {
    async sign(tx: Queryable, owner: string, unitId: string, terms: LeaseFields): Promise<Lease> {
      const unit = await units.lock(tx, owner, unitId);
      if (unit.withdrawn) throw withdrawn();
      return orNotFound(await leases.insert(tx, owner, unit, terms).catch(onConstraint(noOverlap, overlap)), what);
    },

    async list(owner: string, unitId: string, filter: LeaseFilter, slice: PageRequest): Promise<ListPage<Lease>> {
      const portion = await leases.list(db, owner, unitId, filter, slice);
      if (portion.items.length === 0) await units.get(owner, unitId);
      return portion;
    },

    get: async (owner: string, id: string): Promise<Lease> => orNotFound(await leases.find(db, owner, id), what),

    change: (owner: string, id: string, changes: LeaseChanges, expect: Precondition): Promise<Lease> =>
      db.transaction(async (tx) => {
        // The unit before the lease, as for a new one: in one order nobody waits for somebody who waits for them.
        const unit = await units.lock(tx, owner, orNotFound(await leases.find(tx, owner, id), what).unitId);
        const present = orNotFound(await leases.lock(tx, owner, id), what);
        expect(present);
        const terms = { ...present, ...changes };
        if (!inOrder(terms)) {
          throw new AppError("validation_failed", `${outOfOrder.path}: ${outOfOrder.message}`, {
            errors: [outOfOrder],
          });
        }
        if (unit.withdrawn && addsDays(present, terms)) throw withdrawn();
        return orNotFound(await leases.update(tx, owner, id, terms).catch(onConstraint(noOverlap, overlap)), what);
      }),

    remove: (owner: string, id: string, expect: Precondition): Promise<void> =>
      db.transaction(async (tx) => {
        expect(orNotFound(await leases.lock(tx, owner, id), what));
        await leases.remove(tx, owner, id);
      }),
  };
}

export type LeaseService = ReturnType<typeof createLeaseService>;

const addsDays = (before: LeaseFields, after: LeaseFields): boolean =>
  after.startsOn < before.startsOn || after.endsOn > before.endsOn;

const withdrawn = () => new AppError("conflict", "The unit is unavailable; make it vacant before you let it.");
const overlap = () => new AppError("conflict", "The unit is already let in that period.");

import { AppError } from "../../core/errors/app-error.ts";
import { onConstraint } from "../../db/driver-errors.ts";
import type { Database, Queryable } from "../../db/pool.ts";
import type { ListPage, PageRequest } from "../../db/read-list.ts";
import type { Precondition } from "../../http/etag.ts";
import { orNotFound } from "../or-not-found.ts";
import type { UnitService } from "../units/service.ts";
import { type Lease, type LeaseFilter, leases, overlapConstraint } from "./repository.ts";
import { hasValidPeriod, invalidPeriod, type LeaseChanges, type LeaseFields } from "./schema.ts";

const resource = "lease";

export type LeaseDeps = { db: Database; units: Pick<UnitService, "get" | "lock"> };

export function createLeaseService({ db, units }: LeaseDeps) {
  return {
    async sign(tx: Queryable, owner: string, unitId: string, terms: LeaseFields): Promise<Lease> {
      const unit = await units.lock(tx, owner, unitId);
      if (unit.isWithdrawn) throw unitUnavailable();
      return orNotFound(
        await leases.insert(tx, owner, unit, terms).catch(onConstraint(overlapConstraint, overlap)),
        resource,
      );
    },

    async list(owner: string, unitId: string, filter: LeaseFilter, page: PageRequest): Promise<ListPage<Lease>> {
      const list = await leases.list(db, owner, unitId, filter, page);
      if (list.items.length === 0) await units.get(owner, unitId);
      return list;
    },

    get: async (owner: string, id: string): Promise<Lease> => orNotFound(await leases.find(db, owner, id), resource),

    change: (owner: string, id: string, changes: LeaseChanges, precondition: Precondition): Promise<Lease> =>
      db.transaction(async (tx) => {
        // Locks the unit before the lease, as `sign` does, because a different order could cause a deadlock.
        const unit = await units.lock(tx, owner, orNotFound(await leases.find(tx, owner, id), resource).unitId);
        const current = orNotFound(await leases.lock(tx, owner, id), resource);
        precondition(current);
        const terms = { ...current, ...changes };
        if (!hasValidPeriod(terms)) {
          throw new AppError("validation_failed", `${invalidPeriod.path}: ${invalidPeriod.message}`, {
            errors: [invalidPeriod],
          });
        }
        if (unit.isWithdrawn && addsDays(current, terms)) throw unitUnavailable();
        return orNotFound(
          await leases.update(tx, owner, id, terms).catch(onConstraint(overlapConstraint, overlap)),
          resource,
        );
      }),

    remove: (owner: string, id: string, precondition: Precondition): Promise<void> =>
      db.transaction(async (tx) => {
        precondition(orNotFound(await leases.lock(tx, owner, id), resource));
        await leases.remove(tx, owner, id);
      }),
  };
}

export type LeaseService = ReturnType<typeof createLeaseService>;

const addsDays = (before: LeaseFields, after: LeaseFields): boolean =>
  after.startsOn < before.startsOn || after.endsOn > before.endsOn;

const unitUnavailable = () =>
  new AppError("conflict", "The unit is unavailable. Set its status to vacant before adding a lease.");
const overlap = () => new AppError("conflict", "The unit already has a lease in that period.");

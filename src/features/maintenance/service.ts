import { AppError } from "../../core/app-error.ts";
import { onConstraint } from "../../db/driver-errors.ts";
import type { Database, Transaction } from "../../db/pool.ts";
import type { ListPage, PageRequest } from "../../db/read-list.ts";
import type { Precondition } from "../../http/etag.ts";
import { notFound, orNotFound } from "../or-not-found.ts";
import type { UnitService } from "../units/service.ts";
import { events, type MaintenanceEvent } from "./events.ts";
import { type MaintenanceRequest, type RequestFilter, requests } from "./repository.ts";
import type { EventType, RequestChanges, RequestFields } from "./schema.ts";
import { canTransition, type RequestStatus, transitionsFrom } from "./status-transitions.ts";

const what = "maintenance request";

export type MaintenanceDeps = {
  db: Database;
  units: Pick<UnitService, "get">;
  /** Called once an event of this owner is there to be read. */
  wake(owner: string): void;
};

export function createMaintenanceService({ db, units, wake }: MaintenanceDeps) {
  /** The event goes in with the change that causes it, or neither does. */
  const record = async (
    tx: Transaction,
    owner: string,
    request: MaintenanceRequest,
    type: EventType,
    more: Readonly<Record<string, unknown>> = {},
  ): Promise<MaintenanceEvent> => {
    const event = orNotFound(await events.append(tx, owner, request, type, { request, ...more }), what);
    tx.afterCommit(() => wake(owner));
    return event;
  };

  return {
    async create(tx: Transaction, owner: string, unitId: string, fields: RequestFields): Promise<MaintenanceRequest> {
      const insert = requests.insert(tx, owner, unitId, fields);
      const noUnit = onConstraint("maintenance_requests_unit_fkey", () => notFound("unit"));
      const request = orNotFound(await insert.catch(noUnit), what);
      await record(tx, owner, request, "created");
      return request;
    },

    async list(owner: string, filter: RequestFilter, slice: PageRequest): Promise<ListPage<MaintenanceRequest>> {
      const portion = await requests.list(db, owner, filter, slice);
      if (portion.items.length === 0 && filter.unitId !== undefined) await units.get(owner, filter.unitId);
      return portion;
    },

    get: async (owner: string, id: string): Promise<MaintenanceRequest> =>
      orNotFound(await requests.find(db, owner, id), what),

    change: (owner: string, id: string, wanted: RequestChanges, expect: Precondition): Promise<MaintenanceRequest> =>
      db.transaction(async (tx) => {
        const before = orNotFound(await requests.lock(tx, owner, id), what);
        expect(before);
        assertMove(before.status, wanted.status ?? before.status);
        const changes = differences(before, wanted);
        if (Object.keys(changes).length === 0) return before;
        const after = orNotFound(await requests.update(tx, owner, { ...before, ...wanted }), what);
        await record(tx, owner, after, "status" in changes ? "status_changed" : "changed", { changes });
        return after;
      }),

    remove: (owner: string, id: string, expect: Precondition): Promise<void> =>
      db.transaction(async (tx) => {
        const request = orNotFound(await requests.lock(tx, owner, id), what);
        expect(request);
        await requests.remove(tx, owner, id);
        await record(tx, owner, request, "deleted");
      }),

    async events(owner: string, id: string, slice: PageRequest): Promise<ListPage<MaintenanceEvent>> {
      orNotFound(await requests.find(db, owner, id), what);
      return events.list(db, owner, id, slice);
    },

    async note(tx: Transaction, owner: string, id: string, note: string): Promise<MaintenanceEvent> {
      const request = orNotFound(await requests.lock(tx, owner, id), what);
      return record(tx, owner, request, "noted", { note });
    },
  };
}

export type MaintenanceService = ReturnType<typeof createMaintenanceService>;

function assertMove(from: RequestStatus, to: RequestStatus): void {
  if (canTransition(from, to)) return;
  const allowed = transitionsFrom(from).join(" or ");
  throw new AppError("conflict", `A request that is ${from} can become ${allowed}, but not ${to}.`);
}

function differences(before: MaintenanceRequest, wanted: RequestChanges) {
  const fields = ["title", "description", "priority", "status"] as const;
  const changed = fields.filter((field) => wanted[field] !== undefined && wanted[field] !== before[field]);
  return Object.fromEntries(changed.map((field) => [field, { from: before[field], to: wanted[field] }]));
}

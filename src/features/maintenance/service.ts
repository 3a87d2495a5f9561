import { AppError } from "../../core/errors/app-error.ts";
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

const resource = "maintenance request";

export type MaintenanceDeps = {
  db: Database;
  units: Pick<UnitService, "get">;
  /** Called after an event of this owner was committed. */
  notify(owner: string): void;
};

export function createMaintenanceService({ db, units, notify }: MaintenanceDeps) {
  /** Writes the event in the transaction of the change. */
  const record = async (
    tx: Transaction,
    owner: string,
    request: MaintenanceRequest,
    type: EventType,
    extraData: Readonly<Record<string, unknown>> = {},
  ): Promise<MaintenanceEvent> => {
    const event = orNotFound(await events.append(tx, owner, request, type, { request, ...extraData }), resource);
    tx.afterCommit(() => notify(owner));
    return event;
  };

  return {
    async create(tx: Transaction, owner: string, unitId: string, fields: RequestFields): Promise<MaintenanceRequest> {
      const insert = requests.insert(tx, owner, unitId, fields);
      const unitNotFound = onConstraint("maintenance_requests_unit_fkey", () => notFound("unit"));
      const request = orNotFound(await insert.catch(unitNotFound), resource);
      await record(tx, owner, request, "created");
      return request;
    },

    async list(owner: string, filter: RequestFilter, page: PageRequest): Promise<ListPage<MaintenanceRequest>> {
      const list = await requests.list(db, owner, filter, page);
      if (list.items.length === 0 && filter.unitId !== undefined) await units.get(owner, filter.unitId);
      return list;
    },

    get: async (owner: string, id: string): Promise<MaintenanceRequest> =>
      orNotFound(await requests.find(db, owner, id), resource),

    change: (
      owner: string,
      id: string,
      requested: RequestChanges,
      precondition: Precondition,
    ): Promise<MaintenanceRequest> =>
      db.transaction(async (tx) => {
        const before = orNotFound(await requests.lock(tx, owner, id), resource);
        precondition(before);
        assertTransition(before.status, requested.status ?? before.status);
        const changes = differences(before, requested);
        if (Object.keys(changes).length === 0) return before;
        const after = orNotFound(await requests.update(tx, owner, { ...before, ...requested }), resource);
        await record(tx, owner, after, "status" in changes ? "status_changed" : "changed", { changes });
        return after;
      }),

    remove: (owner: string, id: string, precondition: Precondition): Promise<void> =>
      db.transaction(async (tx) => {
        const request = orNotFound(await requests.lock(tx, owner, id), resource);
        precondition(request);
        await requests.remove(tx, owner, id);
        await record(tx, owner, request, "deleted");
      }),

    async events(owner: string, id: string, page: PageRequest): Promise<ListPage<MaintenanceEvent>> {
      orNotFound(await requests.find(db, owner, id), resource);
      return events.list(db, owner, id, page);
    },

    async note(tx: Transaction, owner: string, id: string, note: string): Promise<MaintenanceEvent> {
      const request = orNotFound(await requests.lock(tx, owner, id), resource);
      return record(tx, owner, request, "noted", { note });
    },
  };
}

export type MaintenanceService = ReturnType<typeof createMaintenanceService>;

function assertTransition(from: RequestStatus, to: RequestStatus): void {
  if (canTransition(from, to)) return;
  const allowed = transitionsFrom(from).join(", ");
  throw new AppError("conflict", `A request cannot change from ${from} to ${to}. Allowed: ${allowed}.`);
}

function differences(before: MaintenanceRequest, requested: RequestChanges) {
  const fields = ["title", "description", "priority", "status"] as const;
  const changed = fields.filter((field) => requested[field] !== undefined && requested[field] !== before[field]);
  return Object.fromEntries(changed.map((field) => [field, { from: before[field], to: requested[field] }]));
}

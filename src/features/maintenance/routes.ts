import { createRoutes, type Routes } from "../../http/create-routes.ts";
import { created, ifMatchPrecondition, okWithEtag, updated } from "../../http/etag.ts";
import { createdJson, noContent } from "../../http/responses.ts";
import type { Api } from "../create-once.ts";
import { operations } from "./schema.ts";
import type { MaintenanceService } from "./service.ts";

export function maintenanceRoutes(maintenance: MaintenanceService, { authenticate, create, page }: Api): Routes {
  const routes = createRoutes("/api/v1", authenticate);
  routes.add(operations.create, (input) =>
    create(input, async (tx) => {
      const request = await maintenance.create(tx, input.caller.userId, input.params.unitId, input.body);
      return created(`/api/v1/maintenance-requests/${request.id}`, request);
    }),
  );
  routes.add(operations.listOfUnit, async ({ caller, params, query: { limit, cursor, ...filter }, request }) => {
    const list = {
      scope: ["requests", caller.userId, params.unitId, filter.status, filter.q],
      limit,
      cursor,
      searchLimitKey: filter.q && caller.userId,
    };
    return okWithEtag(
      request,
      await page(list, (pageRequest) => maintenance.list(caller.userId, { ...params, ...filter }, pageRequest)),
    );
  });
  routes.add(operations.list, async ({ caller, query: { limit, cursor, ...filter }, request }) => {
    const list = {
      scope: ["requests", caller.userId, "", filter.status, filter.q],
      limit,
      cursor,
      searchLimitKey: filter.q && caller.userId,
    };
    return okWithEtag(request, await page(list, (pageRequest) => maintenance.list(caller.userId, filter, pageRequest)));
  });
  routes.add(operations.get, async ({ caller, params, request }) =>
    okWithEtag(request, await maintenance.get(caller.userId, params.requestId)),
  );
  routes.add(operations.update, async ({ caller, params, body, request }) =>
    updated(await maintenance.change(caller.userId, params.requestId, body, ifMatchPrecondition(request))),
  );
  routes.add(operations.remove, async ({ caller, params, request }) => {
    await maintenance.remove(caller.userId, params.requestId, ifMatchPrecondition(request));
    return noContent();
  });
  routes.add(operations.listEvents, async ({ caller, params, query: { limit, cursor }, request }) => {
    const list = { scope: ["events", caller.userId, params.requestId], limit, cursor };
    return okWithEtag(
      request,
      await page(list, (pageRequest) => maintenance.events(caller.userId, params.requestId, pageRequest)),
    );
  });
  routes.add(operations.note, (input) =>
    create(input, async (tx) =>
      createdJson(await maintenance.note(tx, input.caller.userId, input.params.requestId, input.body.note)),
    ),
  );
  return routes;
}

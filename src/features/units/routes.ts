import { createRoutes, type Routes } from "../../http/create-routes.ts";
import { created, ifMatchPrecondition, okWithEtag, updated } from "../../http/etag.ts";
import { noContent } from "../../http/responses.ts";
import type { Api } from "../create-once.ts";
import { operations } from "./schema.ts";
import type { UnitService } from "./service.ts";

export function unitRoutes(units: UnitService, { authenticate, create, page }: Api): Routes {
  const routes = createRoutes("/api/v1", authenticate);
  routes.add(operations.create, (input) =>
    create(input, async (tx) => {
      const unit = await units.create(tx, input.caller.userId, input.params.propertyId, input.body);
      return created(`/api/v1/units/${unit.id}`, unit);
    }),
  );
  routes.add(operations.list, async ({ caller, params, query: { limit, cursor, ...filter }, request }) => {
    const list = {
      scope: ["units", caller.userId, params.propertyId, filter.status, filter.q],
      limit,
      cursor,
      searchLimitKey: filter.q && caller.userId,
    };
    return okWithEtag(
      request,
      await page(list, (pageRequest) => units.list(caller.userId, params.propertyId, filter, pageRequest)),
    );
  });
  routes.add(operations.get, async ({ caller, params, request }) =>
    okWithEtag(request, await units.get(caller.userId, params.unitId)),
  );
  routes.add(operations.update, async ({ caller, params, body, request }) =>
    updated(await units.change(caller.userId, params.unitId, body, ifMatchPrecondition(request))),
  );
  routes.add(operations.remove, async ({ caller, params, request }) => {
    await units.remove(caller.userId, params.unitId, ifMatchPrecondition(request));
    return noContent();
  });
  return routes;
}

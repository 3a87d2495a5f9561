import { createRoutes, type Routes } from "../../http/create-routes.ts";
import { created, ifMatchPrecondition, okWithEtag, updated } from "../../http/etag.ts";
import { noContent } from "../../http/responses.ts";
import type { Api } from "../create-once.ts";
import { operations } from "./schema.ts";
import type { PropertyService } from "./service.ts";

export function propertyRoutes(properties: PropertyService, { authenticate, create, page }: Api): Routes {
  const routes = createRoutes("/api/v1", authenticate);
  routes.add(operations.create, (input) =>
    create(input, async (tx) => {
      const property = await properties.create(tx, input.caller.userId, input.body);
      return created(`/api/v1/properties/${property.id}`, property);
    }),
  );
  routes.add(operations.list, async ({ caller: { userId }, query: { limit, cursor, ...filter }, request }) => {
    const list = {
      scope: ["properties", userId, filter.kind, filter.q],
      limit,
      cursor,
      searchLimitKey: filter.q && userId,
    };
    return okWithEtag(request, await page(list, (pageRequest) => properties.list(userId, filter, pageRequest)));
  });
  routes.add(operations.get, async ({ caller, params, request }) =>
    okWithEtag(request, await properties.get(caller.userId, params.propertyId)),
  );
  routes.add(operations.update, async ({ caller, params, body, request }) =>
    updated(await properties.change(caller.userId, params.propertyId, body, ifMatchPrecondition(request))),
  );
  routes.add(operations.remove, async ({ caller, params, request }) => {
    await properties.remove(caller.userId, params.propertyId, ifMatchPrecondition(request));
    return noContent();
  });
  return routes;
}

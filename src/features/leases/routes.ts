import { createRoutes, type Routes } from "../../http/create-routes.ts";
import { created, ifMatchPrecondition, okWithEtag, updated } from "../../http/etag.ts";
import { noContent } from "../../http/responses.ts";
import type { Api } from "../create-once.ts";
import { operations } from "./schema.ts";
import type { LeaseService } from "./service.ts";

export function leaseRoutes(leases: LeaseService, { authenticate, create, page }: Api): Routes {
  const routes = createRoutes("/api/v1", authenticate);
  routes.add(operations.create, (input) =>
    create(input, async (tx) => {
      const lease = await leases.sign(tx, input.caller.userId, input.params.unitId, input.body);
      return created(`/api/v1/leases/${lease.id}`, lease);
    }),
  );
  routes.add(operations.list, async ({ caller, params, query: { limit, cursor, ...filter }, request }) => {
    const list = {
      scope: ["leases", caller.userId, params.unitId, filter.status, filter.q],
      limit,
      cursor,
      searchLimitKey: filter.q && caller.userId,
    };
    return okWithEtag(
      request,
      await page(list, (pageRequest) => leases.list(caller.userId, params.unitId, filter, pageRequest)),
    );
  });
  routes.add(operations.get, async ({ caller, params, request }) =>
    okWithEtag(request, await leases.get(caller.userId, params.leaseId)),
  );
  routes.add(operations.update, async ({ caller, params, body, request }) =>
    updated(await leases.change(caller.userId, params.leaseId, body, ifMatchPrecondition(request))),
  );
  routes.add(operations.remove, async ({ caller, params, request }) => {
    await leases.remove(caller.userId, params.leaseId, ifMatchPrecondition(request));
    return noContent();
  });
  return routes;
}

import type { Queryable } from "../../db/pool.ts";
import type { AuthenticateCaller } from "../../http/access.ts";
import { createRoutes, type Routes } from "../../http/create-routes.ts";
import { okWithEtag } from "../../http/etag.ts";
import type { Pager } from "../../http/pagination.ts";
import { createdJson, noContent } from "../../http/responses.ts";
import { clientInfoOf } from "../client-info.ts";
import { apiKeys } from "./repository.ts";
import { apiKeyOperations } from "./schema.ts";
import type { ApiKeyService } from "./service.ts";

export type ApiKeyRoutesDeps = { service: ApiKeyService; authenticate: AuthenticateCaller; db: Queryable; page: Pager };

/** The creation of a key does not accept an Idempotency-Key, because the stored response would contain the key. */
export function apiKeyRoutes({ service, authenticate, db, page }: ApiKeyRoutesDeps): Routes {
  const routes = createRoutes("/api/v1", authenticate);
  routes.add(apiKeyOperations.create, async ({ body, caller, request }) =>
    createdJson(await service.create(caller, body, clientInfoOf(request)), { "Cache-Control": "no-store" }),
  );
  routes.add(apiKeyOperations.list, async ({ caller, query, request }) => {
    const list = { scope: ["api keys", caller.userId], ...query };
    return okWithEtag(request, await page(list, (pageRequest) => apiKeys.list(db, caller.userId, pageRequest)));
  });
  routes.add(apiKeyOperations.revoke, async ({ caller, params, request }) => {
    await service.revoke(caller, params.keyId, clientInfoOf(request));
    return noContent();
  });
  return routes;
}

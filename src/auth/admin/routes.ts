import type { Request } from "express";
import type { Queryable } from "../../db/pool.ts";
import type { AuthenticateCaller, Caller } from "../../http/access.ts";
import { createRoutes, type Routes } from "../../http/create-routes.ts";
import { ifMatchPrecondition, okWithEtag, updated } from "../../http/etag.ts";
import { clientAddress } from "../../http/listener/client-address.ts";
import type { Pager } from "../../http/pagination.ts";
import { createdJson, noContent } from "../../http/responses.ts";
import { allItems, streamed } from "../../http/streamed.ts";
import { type AuditFilter, listAuditTrail } from "../audit/audit-trail.ts";
import { clientInfoOf } from "../client-info.ts";
import { managedUsers } from "./repository.ts";
import { adminOperations } from "./schema.ts";
import type { AdminOrigin, AdminService } from "./service.ts";

export type AdminRoutesDeps = { service: AdminService; authenticate: AuthenticateCaller; db: Queryable; page: Pager };

export function adminRoutes({ service, authenticate, db, page }: AdminRoutesDeps): Routes {
  const routes = createRoutes("/api/v1", authenticate);
  routes.add(adminOperations.listUsers, async ({ caller, query, request }) => {
    const { limit, cursor, role, active, email, q } = query;
    const filter = { role, active: active && active === "true", email, q };
    const list = {
      scope: ["users", role, active, email, q],
      limit,
      cursor,
      searchLimitKey: q === undefined ? undefined : caller.userId,
    };
    return okWithEtag(request, await page(list, (pageRequest) => managedUsers.list(db, filter, pageRequest)));
  });
  routes.add(adminOperations.getUser, async ({ params, request }) =>
    okWithEtag(request, await service.get(params.userId)),
  );
  routes.add(adminOperations.updateUser, async ({ body, caller, params, request }) => {
    const precondition = ifMatchPrecondition(request);
    return updated(await service.update(params.userId, body, { origin: originOf(request, caller), precondition }));
  });
  routes.add(adminOperations.invite, async ({ body, caller, request }) =>
    createdJson(await service.invite(body, clientInfoOf(request).language, originOf(request, caller))),
  );
  routes.add(adminOperations.endSessions, async ({ caller, params, request }) => {
    await service.endSessions(params.userId, originOf(request, caller));
    return noContent();
  });
  routes.add(adminOperations.listAuditEvents, async ({ query, request }) => {
    const { limit, cursor, ...filter } = query;
    const list = { scope: ["audit events", filter.actorId, filter.targetId], limit, cursor };
    return okWithEtag(request, await page(list, (pageRequest) => listAuditTrail(db, filter, pageRequest)));
  });
  routes.add(adminOperations.exportAuditEvents, ({ query }) =>
    streamed("application/x-ndjson", auditLines(db, query), { "Cache-Control": "no-store" }),
  );
  return routes;
}

async function* auditLines(db: Queryable, filter: AuditFilter): AsyncGenerator<string> {
  for await (const event of allItems((page) => listAuditTrail(db, filter, page))) yield `${JSON.stringify(event)}\n`;
}

const originOf = (request: Request, { userId }: Caller): AdminOrigin => ({
  actorId: userId,
  address: clientAddress(request),
  requestId: request.context.id,
  traceId: request.context.trace?.traceId ?? null,
});

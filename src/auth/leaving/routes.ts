import { AppError } from "../../core/errors/app-error.ts";
import { createPerKeyLimit } from "../../core/limits/per-key-limit.ts";
import type { AuthenticateCaller } from "../../http/access.ts";
import { createRoutes, type Routes } from "../../http/create-routes.ts";
import { noContent } from "../../http/responses.ts";
import { streamed } from "../../http/streamed.ts";
import { clientInfoOf } from "../client-info.ts";
import type { SessionCookie } from "../cookie.ts";
import { type ExportDeps, exportUser } from "./export-user.ts";
import { leavingOperations } from "./schema.ts";
import type { LeavingService } from "./service.ts";

export type LeavingRoutesDeps = {
  service: LeavingService;
  authenticate: AuthenticateCaller;
  cookie: SessionCookie;
  data: ExportDeps;
};

export function leavingRoutes({ service, authenticate, cookie, data }: LeavingRoutesDeps): Routes {
  const routes = createRoutes("/api/v1", authenticate);
  const exports = createPerKeyLimit({
    maxPerKey: 1,
    rejectionError: () => new AppError("rate_limited", "An export is in progress.", { retryAfterSeconds: 5 }),
  });
  routes.add(leavingOperations.export, ({ caller, response }) => {
    response.once("close", exports.take(caller.userId));
    return streamed("application/json; charset=utf-8", exportUser(data, caller.userId), {
      "Cache-Control": "no-store",
      "Content-Disposition": 'attachment; filename="haven-export.json"',
    });
  });
  routes.add(leavingOperations.remove, async ({ body, caller, request }) => {
    await service.remove(caller, body.currentPassword, clientInfoOf(request));
    return noContent({ "Set-Cookie": cookie.clear() });
  });
  return routes;
}

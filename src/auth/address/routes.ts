import { AppError } from "../../core/errors/app-error.ts";
import type { AuthenticateCaller } from "../../http/access.ts";
import { createRoutes, type Routes } from "../../http/create-routes.ts";
import { ifMatchPrecondition, updated } from "../../http/etag.ts";
import { accepted, noContent } from "../../http/responses.ts";
import { clientInfoOf } from "../client-info.ts";
import { operations } from "./schema.ts";
import type { AddressService } from "./service.ts";

export function addressRoutes(addresses: AddressService, authenticate: AuthenticateCaller): Routes {
  const routes = createRoutes("/api/v1", authenticate);
  routes.add(operations.changeMe, async ({ body, caller, request }) =>
    updated(await addresses.change(caller, body, ifMatchPrecondition(request), clientInfoOf(request))),
  );
  routes.add(operations.verifyEmail, async ({ body, request }) => {
    await addresses.verify(body.token, clientInfoOf(request));
    return noContent();
  });
  routes.add(operations.resend, async ({ body, request, response }) => {
    const client = clientInfoOf(request);
    if (body?.email !== undefined) await addresses.resend(body.email, client);
    else {
      const { by, userId } = await authenticate(request, response);
      if (by !== "session") throw new AppError("forbidden", "API keys are not accepted for this operation.");
      await addresses.resendTo(userId, client);
    }
    return accepted();
  });
  return routes;
}

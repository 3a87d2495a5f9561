import { createRoutes, type Routes } from "../../http/create-routes.ts";
import { accepted, noContent } from "../../http/responses.ts";
import { clientInfoOf } from "../client-info.ts";
import { operations } from "./schema.ts";
import type { PasswordResetService } from "./service.ts";

export function passwordResetRoutes(resets: PasswordResetService): Routes {
  const routes = createRoutes("/api/v1");
  routes.add(operations.forgotPassword, async ({ body, request }) => {
    await resets.request(body.email, clientInfoOf(request));
    return accepted();
  });
  routes.add(operations.resetPassword, async ({ body, request }) => {
    await resets.reset(body, clientInfoOf(request));
    return noContent();
  });
  return routes;
}

import { z } from "zod";
import { createRoutes, operation, type Routes } from "../../http/operation.ts";
import { ok } from "../../http/responses.ts";
import type { TokenKeys } from "./token-keys.ts";

const getKeys = operation({
  id: "getJwks",
  method: "get",
  path: "/jwks.json",
  summary: "Get the public keys of access tokens",
  description: "The list is empty if access tokens are signed with a shared secret.",
  tag: "Auth",
  answers: { 200: { description: "JSON Web Key Set.", schema: z.object({ keys: z.array(z.looseObject({})) }) } },
});

export function jwksRoutes(jwks: TokenKeys["jwks"]): Routes {
  const routes = createRoutes("/.well-known");
  routes.add(getKeys, () => ok(jwks, { "Cache-Control": "public, max-age=300" }));
  return routes;
}

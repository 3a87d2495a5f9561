import { z } from "zod";
import { createRoutes, type Routes } from "../../http/create-routes.ts";
import { operation } from "../../http/operation.ts";
import { ok } from "../../http/responses.ts";
import type { TokenKeys } from "./token-keys.ts";

const publicKey = z
  .object({
    kty: z.literal("EC"),
    crv: z.literal("P-256"),
    x: z.string().meta({ example: "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU" }),
    y: z.string().meta({ example: "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0" }),
    kid: z.string().meta({ example: "rU0mSKzJ2l8kqH3V" }),
    alg: z.literal("ES256"),
    use: z.literal("sig"),
  })
  .meta({ id: "PublicKey", description: "A JSON Web Key" });

const getKeys = operation({
  id: "getJwks",
  method: "get",
  path: "/jwks.json",
  summary: "Get the public keys of access tokens",
  description: "The list is empty if access tokens are signed with a shared secret.",
  tag: "Auth",
  answers: { 200: { description: "JSON Web Key Set.", schema: z.object({ keys: z.array(publicKey) }) } },
});

export function jwksRoutes(jwks: TokenKeys["jwks"]): Routes {
  const routes = createRoutes("/.well-known");
  routes.add(getKeys, () => ok(jwks, { "Cache-Control": "public, max-age=300" }));
  return routes;
}

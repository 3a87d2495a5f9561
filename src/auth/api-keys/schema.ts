import { z } from "zod";
import { id, moment, singleLine } from "../../http/input/common-schemas.ts";
import { smallBodyLimit } from "../../http/input/request-body.ts";
import { operation } from "../../http/operation.ts";
import { listOf, pageFields } from "../../http/pagination.ts";
import { maxKeysPerUser, scopes } from "./repository.ts";

const expiresInDays = z
  .int("must be a whole number of days")
  .min(1, "must be at least 1")
  .max(366, "must be at most 366")
  .default(90)
  .meta({ example: 30 });

const members = {
  id,
  name: singleLine(100, "deployment robot"),
  scopes: z
    .array(z.enum(scopes).meta({ id: "ApiKeyScope" }))
    .meta({ description: "`read` allows GET and HEAD, `write` all other methods", example: ["read"] }),
  expiresAt: moment,
  lastUsedAt: moment.nullable().meta({ description: "Updated at most once an hour" }),
  createdAt: moment,
};
const apiKey = z.object(members).meta({ id: "ApiKey" });
const newApiKey = z
  .object({ ...members, key: z.string().meta({ description: "Shown only once", example: "hvn_3q2-7wAB…" }) })
  .meta({ id: "NewApiKey" });

const tag = "Auth";

export const apiKeyOperations = {
  create: operation({
    id: "createApiKey",
    method: "post",
    path: "/auth/api-keys",
    summary: "Create an API key",
    description: "The key is shown only in this answer. Send it as `Authorization: Bearer hvn_…`.",
    tag,
    access: "session",
    bodyLimit: smallBodyLimit,
    body: z.strictObject({
      name: members.name,
      scopes: members.scopes
        .min(1, "must have at least one scope")
        .max(scopes.length, `must have at most ${scopes.length} scopes`)
        .refine((all) => new Set(all).size === all.length, "must not repeat a scope")
        .meta({ uniqueItems: true }),
      expiresInDays,
    }),
    problems: ["conflict"],
    answers: { 201: { description: "API key created.", schema: newApiKey } },
  }),
  list: operation({
    id: "listApiKeys",
    method: "get",
    path: "/auth/api-keys",
    summary: "List API keys",
    tag,
    access: "session",
    query: z.strictObject(pageFields),
    headers: ["If-None-Match"],
    answers: { 200: { description: `API keys, newest first; at most ${maxKeysPerUser}.`, schema: listOf(apiKey) } },
  }),
  revoke: operation({
    id: "revokeApiKey",
    method: "delete",
    path: "/auth/api-keys/{keyId}",
    summary: "Revoke an API key",
    tag,
    access: "session",
    params: z.strictObject({ keyId: id }),
    answers: { 204: { description: "Revoked on every instance." } },
  }),
};

import { z } from "zod";
import { exactText } from "../../http/input/common-schemas.ts";
import { smallBodyLimit } from "../../http/input/request-body.ts";
import { operation } from "../../http/operation.ts";

const tag = "Auth";
const access = "account";

/** A row as JSON. Columns of the types array and jsonb become lists and objects. Events are nested two levels deep. */
const value = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const flat = z.union([value, z.array(value), z.record(z.string(), value)]);
const nested = z.union([flat, z.record(z.string(), flat)]);
const row = z
  .record(z.string(), z.union([nested, z.record(z.string(), nested)]))
  .meta({ id: "ExportedRow", description: "A row, with the columns of its table." });

export const leavingOperations = {
  export: operation({
    id: "exportMe",
    method: "get",
    path: "/auth/me/export",
    summary: "Export all data of the current user",
    description: "A list of rows for each kind of data. Secrets are left out. Images are at `/uploads/{name}`.",
    tag,
    access,
    needs: { postgres: "read", redis: "read" },
    answers: {
      200: {
        description: "Lists of rows by kind: `user`, `sessions` and others.",
        schema: z.record(z.string(), z.array(row)),
      },
    },
  }),
  remove: operation({
    id: "deleteMe",
    method: "delete",
    path: "/auth/me",
    summary: "Delete the current user and everything the user owns",
    description:
      "Cannot be undone. `currentPassword` is required with a session, and not used with a token of a trusted issuer. Refused with 409 for the last active administrator.",
    tag,
    access,
    bodyLimit: smallBodyLimit,
    body: z.strictObject({
      currentPassword: exactText({ minLength: 1, maxLength: 200 })
        .optional()
        .meta({ example: "four quiet harbour lights" }),
    }),
    rateLimited: true,
    problems: ["conflict"],
    needs: { postgres: "write", redis: "write" },
    answers: { 204: { description: "Everything is deleted; the cookie is cleared.", headers: ["Set-Cookie"] } },
  }),
};

import { z } from "zod";
import { changesOf, email, id, moment, role, search, singleLine } from "../../http/input/common-schemas.ts";
import { smallBodyLimit } from "../../http/input/request-body.ts";
import { operation } from "../../http/operation.ts";
import { listOf, pageFields } from "../../http/pagination.ts";
import { auditActions } from "../audit/audit-trail.ts";

const fields = z.strictObject({ active: z.boolean("must be true or false").meta({ example: false }), role });

const managedUser = z
  .object({ id, email, name: singleLine(200, "Ana Duarte"), ...fields.shape, createdAt: moment })
  .meta({ id: "ManagedUser", description: "A user as administrators see it" });

const auditEvent = z
  .object({
    id,
    at: moment,
    action: z.enum(auditActions).meta({ id: "AuditAction" }),
    actorId: id.nullable().meta({
      description:
        "The administrator who acted; `null` for a server command such as `grant-admin`, and for a role from the token of a trusted issuer",
    }),
    targetId: id.nullable().meta({ description: "The user or the invitation" }),
    details: z.record(z.string(), z.string()).meta({ example: { from: "member", to: "admin" } }),
    address: z.string().nullable().meta({ example: "203.0.113.7" }),
    requestId: z.string().nullable().meta({ example: "019d5a3e8f007c3a" }),
    traceId: z.string().nullable().meta({ example: "4bf92f3577b34da6a3ce929d0e0e4736" }),
  })
  .meta({ id: "AuditEvent" });

const invitation = z.object({ id, email, role, createdAt: moment, expiresAt: moment }).meta({ id: "Invitation" });

const auditFilter = {
  actorId: id.optional().meta({ description: "Returns only entries about actions of this administrator" }),
  targetId: id.optional().meta({ description: "Returns only entries about this user or invitation" }),
};

const tag = "Administration";
const access = "admin";
const params = z.strictObject({ userId: id });

export const adminOperations = {
  listUsers: operation({
    id: "listUsers",
    method: "get",
    path: "/admin/users",
    summary: "List users",
    tag,
    access,
    query: z.strictObject({
      ...pageFields,
      q: search,
      email: email.optional().meta({ description: "Returns only the user with this address" }),
      role: role.optional(),
      active: z.enum(["true", "false"], "must be true or false").meta({ id: "TrueOrFalse" }).optional(),
    }),
    headers: ["If-None-Match"],
    answers: { 200: { description: "Users, newest first.", schema: listOf(managedUser) } },
  }),
  getUser: operation({
    id: "getUser",
    method: "get",
    path: "/admin/users/{userId}",
    summary: "Get a user",
    tag,
    access,
    params,
    headers: ["If-None-Match"],
    answers: { 200: { description: "The user.", schema: managedUser } },
  }),
  updateUser: operation({
    id: "updateUser",
    method: "patch",
    path: "/admin/users/{userId}",
    summary: "Change the role of a user, or deactivate or activate the user",
    description:
      "A deactivation, and the loss of the role `admin`, end all sessions of the user on every instance. A new role takes effect at the next login or token refresh. A deactivation also deletes the API keys of the user. The last active administrator cannot be demoted or deactivated.",
    tag,
    access,
    params,
    bodyLimit: smallBodyLimit,
    body: changesOf(fields),
    headers: ["If-Match"],
    problems: ["conflict"],
    needs: { postgres: "write", redis: "write" },
    answers: { 200: { description: "The updated user.", schema: managedUser } },
  }),
  endSessions: operation({
    id: "endSessionsOfUser",
    method: "delete",
    path: "/admin/users/{userId}/sessions",
    summary: "End all sessions of a user",
    tag,
    access,
    params,
    needs: { postgres: "write", redis: "write" },
    answers: { 204: { description: "Ended on every instance." } },
  }),
  invite: operation({
    id: "createInvitation",
    method: "post",
    path: "/admin/invitations",
    summary: "Invite a person by mail",
    description:
      "The mail contains a link with a token. The person who opens the link registers with this address and role.",
    tag,
    access,
    bodyLimit: smallBodyLimit,
    body: z.strictObject({ email, role: role.default("member") }),
    problems: ["conflict", "unavailable"],
    answers: { 201: { description: "The invitation. The mail is sent in the background.", schema: invitation } },
  }),
  listAuditEvents: operation({
    id: "listAuditEvents",
    method: "get",
    path: "/admin/audit-events",
    summary: "List audit entries",
    tag,
    access,
    query: z.strictObject({ ...pageFields, ...auditFilter }),
    headers: ["If-None-Match"],
    answers: { 200: { description: "Actions of administrators, newest first.", schema: listOf(auditEvent) } },
  }),
  exportAuditEvents: operation({
    id: "exportAuditEvents",
    method: "get",
    path: "/admin/audit-events/export",
    summary: "Export audit entries",
    description: "One JSON object per line, newest first.",
    tag,
    access,
    query: z.strictObject(auditFilter),
    answers: { 200: { description: "All entries.", contentType: "application/x-ndjson" } },
  }),
};

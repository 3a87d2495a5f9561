import { z } from "zod";
import { email, exactText, id, moment, role, singleLine } from "../http/input/common-schemas.ts";
import { smallBodyLimit } from "../http/input/request-body.ts";
import { operation } from "../http/operation.ts";
import { listOf, pageFields } from "../http/pagination.ts";
import { maxSessionsPerUser, retryWindowMs } from "../sessions/session-store.ts";
import { eventTypes } from "./events.ts";

export const minPasswordLength = 8;
export const newPassword = exactText({ minLength: minPasswordLength, maxLength: 200 }).meta({
  example: "four quiet harbour lights",
});
const password = exactText({ minLength: 1, maxLength: 200 }).meta({ example: "four quiet harbour lights" });
export const name = singleLine(200, "Ana Duarte");

export const user = z
  .object({
    id,
    email,
    emailVerified: z.boolean().meta({ description: "Whether the user has followed a link in a mail to this address" }),
    pendingEmail: email.nullable().meta({ description: "The new address, which replaces `email` when it is verified" }),
    name,
    role,
    avatarUrl: z.string().nullable().meta({ example: "/uploads/6QKzWn0sT2mB8fJc4hXvLd-avatar.webp" }),
    createdAt: moment,
  })
  .meta({ id: "User" });
const signedIn = z
  .object({
    user,
    accessToken: z.string().meta({ description: "JWT for the Authorization header", example: "eyJhbGciOi…" }),
    tokenType: z.literal("Bearer"),
    expiresIn: z.int().meta({ description: "Lifetime of the access token in seconds", example: 600 }),
    refreshToken: z
      .string()
      .meta({ description: "Can be exchanged once for new tokens", example: "AZ1aPo8AfDqdbisfWnye…" }),
  })
  .meta({ id: "SignedIn" });
const session = z
  .object({
    id,
    device: z.string().meta({ description: "User-Agent of the client that signed in", example: "curl/8.5.0" }),
    address: z.string().meta({ example: "203.0.113.7" }),
    createdAt: moment,
    lastSeenAt: moment,
    expiresAt: moment,
    current: z.boolean().meta({ description: "Whether this is the session of the request" }),
  })
  .meta({ id: "Session" });
const event = z
  .object({
    id,
    type: z.enum(eventTypes).meta({ id: "SecurityEventType" }),
    at: moment,
    requestId: z.string().meta({ example: "019d5a3e8f007c3a" }),
    address: z.string().nullable().meta({ example: "203.0.113.7" }),
    device: z.string().nullable().meta({ example: "curl/8.5.0" }),
  })
  .meta({ id: "SecurityEvent" });
/** Most registrations have no invitation, so the example has none. */
const registration = z
  .strictObject({
    email,
    password: newPassword,
    name,
    invitationToken: exactText({ minLength: 1, maxLength: 200 })
      .optional()
      .meta({ description: "The `token` in the link of an invitation mail; valid only with the address of that mail" }),
  })
  .meta({ example: { email: "ana.duarte@example.org", password: "four quiet harbour lights", name: "Ana Duarte" } });
const tag = "Auth";
const noContentAnswer = { 204: { description: "Success." } };

export const operations = {
  register: operation({
    id: "register",
    method: "post",
    path: "/auth/register",
    summary: "Register",
    tag,
    description:
      "Depending on the server's setting `SIGN_UP`, an account is created at once (201), after its address is verified (202, whether or not the address has an account), only with the token of an invitation, or not at all (403).",
    body: registration,
    bodyLimit: smallBodyLimit,
    rateLimited: true,
    problems: ["conflict", "forbidden", "unavailable"],
    needs: { postgres: "write", redis: "write" },
    answers: {
      201: { description: "Account created; a session cookie is set.", schema: signedIn, headers: ["Set-Cookie"] },
      202: { description: "A mail was sent to the address; the account is created when its link is followed." },
    },
  }),
  login: operation({
    id: "login",
    method: "post",
    path: "/auth/login",
    summary: "Sign in",
    tag,
    body: z.strictObject({ email, password }),
    bodyLimit: smallBodyLimit,
    rateLimited: true,
    problems: ["unauthorized"],
    needs: { postgres: "write", redis: "write" },
    answers: {
      200: { description: "Signed in; a new session cookie is set.", schema: signedIn, headers: ["Set-Cookie"] },
    },
  }),
  refresh: operation({
    id: "refresh",
    method: "post",
    path: "/auth/refresh",
    summary: "Exchange a refresh token",
    tag,
    bodyLimit: smallBodyLimit,
    body: z.strictObject({
      refreshToken: exactText({ maxLength: 4096 }).meta({ example: "AZ1aPo8AfDqdbisfWnye…" }),
    }),
    problems: ["unauthorized"],
    needs: { postgres: "read", redis: "write" },
    answers: {
      200: {
        description: `New tokens; a retry within ${retryWindowMs / 1000} s returns the same tokens.`,
        schema: signedIn,
        headers: ["Set-Cookie"],
      },
    },
  }),
  logout: operation({
    id: "logout",
    method: "post",
    path: "/auth/logout",
    summary: "Sign out",
    tag,
    access: "session",
    needs: { postgres: "write", redis: "write" },
    answers: { 204: { description: "Signed out; the cookie is cleared.", headers: ["Set-Cookie"] } },
  }),
  me: operation({
    id: "getMe",
    method: "get",
    path: "/auth/me",
    summary: "Get the current user",
    tag,
    access: "member",
    headers: ["If-None-Match"],
    answers: { 200: { description: "The current user.", schema: user } },
  }),
  changePassword: operation({
    id: "changePassword",
    method: "post",
    path: "/auth/password",
    summary: "Change the password and revoke all other sessions",
    tag,
    access: "session",
    bodyLimit: smallBodyLimit,
    body: z.strictObject({
      currentPassword: password,
      newPassword: newPassword.meta({ example: "six loud mountain winds" }),
    }),
    rateLimited: true,
    needs: { postgres: "write", redis: "write" },
    answers: noContentAnswer,
  }),
  listSessions: operation({
    id: "listSessions",
    method: "get",
    path: "/auth/sessions",
    summary: "List sessions",
    tag,
    access: "session",
    query: z.strictObject(pageFields),
    headers: ["If-None-Match"],
    needs: { redis: "read" },
    answers: {
      200: { description: `Active sessions, newest first; at most ${maxSessionsPerUser}.`, schema: listOf(session) },
    },
  }),
  revokeSession: operation({
    id: "revokeSession",
    method: "delete",
    path: "/auth/sessions/{sessionId}",
    summary: "Revoke a session",
    tag,
    access: "session",
    params: z.strictObject({ sessionId: id }),
    needs: { postgres: "write", redis: "write" },
    answers: noContentAnswer,
  }),
  revokeOthers: operation({
    id: "revokeOtherSessions",
    method: "delete",
    path: "/auth/sessions",
    summary: "Revoke all other sessions",
    tag,
    access: "session",
    needs: { postgres: "write", redis: "write" },
    answers: noContentAnswer,
  }),
  listEvents: operation({
    id: "listSecurityEvents",
    method: "get",
    path: "/auth/events",
    summary: "List account events",
    tag,
    access: "account",
    query: z.strictObject(pageFields),
    headers: ["If-None-Match"],
    answers: { 200: { description: "Security events, newest first.", schema: listOf(event) } },
  }),
};

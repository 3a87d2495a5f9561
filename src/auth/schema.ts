import { z } from "zod";
import { email, exactText, id, line, moment } from "../http/common-schemas.ts";
import { operation } from "../http/operation.ts";
import { listOf, pageFields } from "../http/pagination.ts";
import { smallBodyLimit } from "../http/request-body.ts";
import { roles } from "./access-token.ts";
import { eventTypes } from "./events.ts";

const newPassword = exactText({ minLength: 8, maxLength: 200 }).meta({ example: "four quiet harbour lights" });
const password = exactText({ minLength: 1, maxLength: 200 }).meta({ example: "four quiet harbour lights" });
const name = line(200, "Ana Duarte");

const user = z
  .object({
    id,
    email,
    name,
    role: z.enum(roles),
    avatarUrl: z.string().nullable().meta({ example: "/uploads/6QKzWn0sT2mB8fJc4hXvLd-avatar.webp" }),
    createdAt: moment,
  })
  .meta({ id: "User" });
const signedIn = z
  .object({
    user,
    accessToken: z.string().meta({ description: "A JWT for the Authorization header", example: "eyJhbGciOi…" }),
    tokenType: z.literal("Bearer"),
    expiresIn: z.int().meta({ description: "Seconds", example: 600 }),
    refreshToken: z.string().meta({ description: "Good for one successor", example: "AZ1aPo8AfDqdbisfWnye…" }),
  })
  .meta({ id: "SignedIn" });
const session = z
  .object({
    id,
    device: z.string().meta({ description: "The User-Agent that signed in", example: "curl/8.5.0" }),
    address: z.string().meta({ example: "203.0.113.7" }),
    createdAt: moment,
    lastSeenAt: moment,
    expiresAt: moment,
    current: z.boolean().meta({ description: "The one that asks" }),
  })
  .meta({ id: "Session" });
const event = z
  .object({
    id,
    type: z.enum(eventTypes),
    at: moment,
    requestId: z.string().meta({ example: "019d5a3e8f007c3a" }),
    address: z.string().nullable().meta({ example: "203.0.113.7" }),
    device: z.string().nullable().meta({ example: "curl/8.5.0" }),
  })
  .meta({ id: "SecurityEvent" });
const tag = "Auth";
const done = { 204: { description: "Done." } };

export const operations = {
  register: operation({
    id: "register",
    method: "post",
    path: "/auth/register",
    summary: "Make an account and sign in",
    tag,
    body: z.strictObject({ email, password: newPassword, name }),
    bodyLimit: smallBodyLimit,
    rateLimited: true,
    problems: ["conflict"],
    answers: {
      201: { description: "The account is made; a session cookie is set.", schema: signedIn, headers: ["Set-Cookie"] },
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
    answers: {
      200: { description: "Signed in; a new session cookie is set.", schema: signedIn, headers: ["Set-Cookie"] },
    },
  }),
  refresh: operation({
    id: "refresh",
    method: "post",
    path: "/auth/refresh",
    summary: "Trade a refresh token for its successor",
    tag,
    bodyLimit: smallBodyLimit,
    body: z.strictObject({
      refreshToken: exactText({ maxLength: 4096 }).meta({ example: "AZ1aPo8AfDqdbisfWnye…" }),
    }),
    problems: ["unauthorized"],
    answers: {
      200: {
        description: "New tokens; a retry within ten seconds gets the same ones.",
        schema: signedIn,
        headers: ["Set-Cookie"],
      },
    },
  }),
  logout: operation({
    id: "logout",
    method: "post",
    path: "/auth/logout",
    summary: "End this session",
    tag,
    access: "member",
    answers: { 204: { description: "Done; the cookie is cleared.", headers: ["Set-Cookie"] } },
  }),
  me: operation({
    id: "getMe",
    method: "get",
    path: "/auth/me",
    summary: "Who is calling",
    tag,
    access: "member",
    headers: ["If-None-Match"],
    answers: { 200: { description: "The caller.", schema: user } },
  }),
  changePassword: operation({
    id: "changePassword",
    method: "post",
    path: "/auth/password",
    summary: "Change the password and end all other sessions",
    tag,
    access: "member",
    bodyLimit: smallBodyLimit,
    body: z.strictObject({
      currentPassword: password,
      newPassword: newPassword.meta({ example: "six loud mountain winds" }),
    }),
    rateLimited: true,
    answers: done,
  }),
  listSessions: operation({
    id: "listSessions",
    method: "get",
    path: "/auth/sessions",
    summary: "The caller's sessions, newest first",
    tag,
    access: "member",
    query: z.strictObject(pageFields),
    headers: ["If-None-Match"],
    answers: { 200: { description: "Sessions that are alive; there are at most 20.", schema: listOf(session) } },
  }),
  revokeSession: operation({
    id: "revokeSession",
    method: "delete",
    path: "/auth/sessions/{sessionId}",
    summary: "End one session",
    tag,
    access: "member",
    params: z.strictObject({ sessionId: id }),
    answers: done,
  }),
  revokeOthers: operation({
    id: "revokeOtherSessions",
    method: "delete",
    path: "/auth/sessions",
    summary: "End all other sessions",
    tag,
    access: "member",
    answers: done,
  }),
  listEvents: operation({
    id: "listSecurityEvents",
    method: "get",
    path: "/auth/events",
    summary: "What happened to the caller's account",
    tag,
    access: "member",
    query: z.strictObject(pageFields),
    headers: ["If-None-Match"],
    answers: { 200: { description: "Security events, newest first.", schema: listOf(event) } },
  }),
};

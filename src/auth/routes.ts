import type { Request } from "express";
import type { Queryable } from "../db/pool.ts";
import { type AuthenticateCaller, createRoutes, type Routes } from "../http/operation.ts";
import type { Pager } from "../http/page.ts";
import { json, noContent, ok, type Reply } from "../http/reply.ts";
import type { SessionCookie } from "./cookie.ts";
import { type Asker, eventsOf } from "./events.ts";
import { operations } from "./schema.ts";
import type { AuthService, SignedIn } from "./service.ts";

export type AuthRoutesDeps = {
  auth: AuthService;
  authenticate: AuthenticateCaller;
  cookie: SessionCookie;
  db: Queryable;
  page: Pager;
  sessionMaxAgeSeconds: number;
};

export function authRoutes({ auth, authenticate, cookie, db, page, sessionMaxAgeSeconds }: AuthRoutesDeps): Routes {
  const routes = createRoutes("/api/v1", authenticate);

  const welcome = (status: number, signedIn: SignedIn): Reply => {
    const { user, accessToken, refreshToken, expiresIn } = signedIn;
    const body = { user, accessToken, tokenType: "Bearer", expiresIn, refreshToken };
    const setCookie = signedIn.cookie && { "Set-Cookie": cookie.set(signedIn.cookie, sessionMaxAgeSeconds) };
    return json(status, body, { ...(setCookie || {}), "Cache-Control": "no-store" });
  };

  routes.add(operations.register, async ({ body, request }) =>
    welcome(201, await auth.register(body, askerOf(request))),
  );
  routes.add(operations.login, async ({ body, request }) => welcome(200, await auth.login(body, askerOf(request))));
  routes.add(operations.refresh, async ({ body, request }) =>
    welcome(200, await auth.refresh(body.refreshToken, askerOf(request))),
  );
  routes.add(operations.logout, async ({ caller, request }) => {
    await auth.logout(caller, askerOf(request));
    return noContent({ "Set-Cookie": cookie.clear() });
  });
  routes.add(operations.me, async ({ caller }) => ok(await auth.me(caller), { "Cache-Control": "no-store" }));
  routes.add(operations.changePassword, async ({ body, caller, request }) => {
    await auth.changePassword(caller, body, askerOf(request));
    return noContent();
  });
  routes.add(operations.listSessions, async ({ caller }) => {
    const items = (await auth.sessions(caller)).map(({ id, device, address, createdAt, lastSeenAt, endsAt }) => ({
      id,
      device,
      address,
      createdAt: new Date(createdAt),
      lastSeenAt: new Date(lastSeenAt),
      expiresAt: new Date(endsAt),
      current: id === caller.sessionId,
    }));
    return ok({ items, nextCursor: null }, { "Cache-Control": "no-store" });
  });
  routes.add(operations.revokeSession, async ({ caller, params, request }) => {
    await auth.revokeSession(caller, params.sessionId, askerOf(request));
    return noContent();
  });
  routes.add(operations.revokeOthers, async ({ caller, request }) => {
    await auth.revokeOthers(caller, askerOf(request));
    return noContent();
  });
  routes.add(operations.listEvents, async ({ caller, query }) => {
    const list = { of: ["security events", caller.userId], ...query };
    const events = await page(list, (slice) => eventsOf(db, caller.userId, slice));
    return ok(events, { "Cache-Control": "no-store" });
  });
  return routes;
}

function askerOf(request: Request): Asker {
  const device = (request.headers["user-agent"] ?? "").slice(0, 200);
  return { requestId: request.context.id, address: request.ip ?? "unknown", device };
}

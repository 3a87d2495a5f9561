import type { Queryable } from "../db/pool.ts";
import type { AuthenticateCaller, SessionCaller } from "../http/access.ts";
import { createRoutes, type Routes } from "../http/create-routes.ts";
import { okWithEtag } from "../http/etag.ts";
import type { Pager } from "../http/pagination.ts";
import { accepted, json, noContent, type Reply } from "../http/responses.ts";
import type { SessionView } from "../sessions/session-store.ts";
import { clientInfoOf } from "./client-info.ts";
import type { SessionCookie } from "./cookie.ts";
import { listEvents } from "./events.ts";
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

  const signedInResponse = (status: number, signedIn: SignedIn): Reply => {
    const { user, accessToken, refreshToken, expiresIn } = signedIn;
    const body = { user, accessToken, tokenType: "Bearer", expiresIn, refreshToken };
    const setCookie = signedIn.cookie && { "Set-Cookie": cookie.set(signedIn.cookie, sessionMaxAgeSeconds) };
    return json(status, body, { ...(setCookie || {}), "Cache-Control": "no-store" });
  };

  routes.add(operations.register, async ({ body, request }) => {
    const registered = await auth.register(body, clientInfoOf(request));
    return registered === undefined ? accepted() : signedInResponse(201, registered);
  });
  routes.add(operations.login, async ({ body, request }) =>
    signedInResponse(200, await auth.login(body, clientInfoOf(request))),
  );
  routes.add(operations.refresh, async ({ body, request }) =>
    signedInResponse(200, await auth.refresh(body.refreshToken, clientInfoOf(request))),
  );
  routes.add(operations.logout, async ({ caller, request }) => {
    await auth.logout(caller, clientInfoOf(request));
    return noContent({ "Set-Cookie": cookie.clear() });
  });
  routes.add(operations.me, async ({ caller, request }) => okWithEtag(request, await auth.me(caller)));
  routes.add(operations.changePassword, async ({ body, caller, request }) => {
    await auth.changePassword(caller, body, clientInfoOf(request));
    return noContent();
  });
  routes.add(operations.listSessions, async ({ caller, query, request }) => {
    const list = { scope: ["sessions", caller.userId], ...query };
    const { items, nextCursor } = await page(list, (pageRequest) => auth.sessions(caller, pageRequest));
    return okWithEtag(request, { items: items.map((session) => toResponse(session, caller)), nextCursor });
  });
  routes.add(operations.revokeSession, async ({ caller, params, request }) => {
    await auth.revokeSession(caller, params.sessionId, clientInfoOf(request));
    return noContent();
  });
  routes.add(operations.revokeOthers, async ({ caller, request }) => {
    await auth.revokeOthers(caller, clientInfoOf(request));
    return noContent();
  });
  routes.add(operations.listEvents, async ({ caller, query, request }) => {
    const list = { scope: ["security events", caller.userId], ...query };
    return okWithEtag(request, await page(list, (pageRequest) => listEvents(db, caller.userId, pageRequest)));
  });
  return routes;
}

const toResponse = (session: SessionView, { sessionId }: SessionCaller) => ({
  ...session,
  current: session.id === sessionId,
});

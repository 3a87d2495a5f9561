import type { IncomingMessage, ServerResponse } from "node:http";
import { AppError } from "../core/errors/app-error.ts";
import type { Caller, SessionCaller } from "../http/access.ts";
import { decodeCredential, hashCookie } from "../sessions/session-secrets.ts";
import type { SessionStore } from "../sessions/session-store.ts";
import type { AuthenticateKey } from "./api-keys/authenticate-key.ts";
import { keyPrefix } from "./api-keys/service.ts";
import type { SessionCookie } from "./cookie.ts";
import type { AuthenticateIssuer } from "./issuers/authenticate-issuer.ts";
import type { RoleOf } from "./session-status.ts";
import type { AccessTokens } from "./tokens/access-token.ts";

export type AuthenticateDeps = {
  tokens: Pick<AccessTokens, "verify">;
  sessions: Pick<SessionStore, "lookUp">;
  cookie: Pick<SessionCookie, "read">;
  roleOf: RoleOf;
  authenticateKey: AuthenticateKey;
  /** Undefined if no issuers are trusted. */
  authenticateIssuer: AuthenticateIssuer | undefined;
};

/**
 * How many cookies with the name of the session cookie are checked, from the end of the header. A page of a sibling
 * domain can set forged cookies with that name. Browsers send cookies with longer paths first, and the session cookie
 * has the shortest path, `/`. At most two forged cookies for each parent domain follow it. Ten are enough for four
 * parent domains.
 */
const maxCandidates = 10;

/**
 * Identifies the caller with one round trip. Sessions are looked up in Redis; while Redis is unavailable, the sessions
 * of bearer tokens are looked up in Postgres. API keys and the users of trusted issuers are looked up in Postgres.
 */
export function createAuthenticate(deps: AuthenticateDeps) {
  const { tokens, sessions, cookie, roleOf, authenticateKey, authenticateIssuer } = deps;
  const byAccessToken = async (token: string): Promise<Caller> => {
    const claims = tokens.verify(token);
    if (claims === undefined) return byIssuer(token);
    const { userId, sessionId } = claims;
    const role = await roleOf(userId, sessionId);
    if (role === undefined) throw unauthorized();
    return { by: "session", userId, sessionId, role };
  };

  const byIssuer = async (token: string): Promise<Caller> => {
    const caller = await authenticateIssuer?.(token);
    if (caller === undefined) throw unauthorized();
    return caller;
  };

  const byKey = async (text: string, request: IncomingMessage, response: ServerResponse): Promise<Caller> => {
    const caller = await authenticateKey(text, request, response);
    if (caller === undefined) throw unauthorized();
    return caller;
  };

  const byCookie = async (values: readonly string[], request: IncomingMessage): Promise<SessionCaller> => {
    const candidates = [...new Set(values)].flatMap((value) => {
      const credential = decodeCredential(value);
      return credential === undefined ? [] : [{ ...credential, hash: hashCookie(value) }];
    });
    if (candidates.length === 0) throw unauthorized();
    if (!allowsCookieAuthentication(request)) {
      throw new AppError(
        "forbidden",
        "Writes with a session cookie are not allowed from another origin. Use a bearer token.",
      );
    }
    // All look-ups are sent at the same time, so that they take one round trip, also to different nodes of a cluster.
    const lookUps = await Promise.allSettled(
      candidates
        .slice(-maxCandidates)
        .reverse()
        .map(async ({ userId, sessionId, hash }) => ({
          userId,
          sessionId,
          role: await sessions.lookUp(userId, sessionId, hash),
        })),
    );
    let failure: unknown = unauthorized();
    for (const lookUp of lookUps) {
      if (lookUp.status === "rejected") failure = lookUp.reason;
      else if (lookUp.value.role !== undefined) return { by: "session", ...lookUp.value, role: lookUp.value.role };
    }
    throw failure;
  };

  return async (request: IncomingMessage, response: ServerResponse): Promise<Caller> => {
    const bearer = /^bearer(?: +(.*))?$/i.exec(request.headers.authorization ?? "");
    if (bearer === null) return byCookie(cookie.read(request), request);
    const [, token = ""] = bearer;
    return token.startsWith(keyPrefix) ? byKey(token, request, response) : byAccessToken(token);
  };
}

export type Authenticate = ReturnType<typeof createAuthenticate>;

const unauthorized = () =>
  new AppError("unauthorized", "Authentication is required: send a valid access token or session cookie.");

const safeMethods = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Returns whether a request may be authenticated by its cookie alone. Browsers send Sec-Fetch-Site with each request.
 * For older browsers, which do not, the Origin has to be the host of the request.
 */
function allowsCookieAuthentication({ method = "GET", headers }: Pick<IncomingMessage, "method" | "headers">): boolean {
  if (safeMethods.has(method)) return true;
  const site = headers["sec-fetch-site"];
  if (site !== undefined) return site === "same-origin" || site === "none";
  if (headers.origin === undefined) return true;
  const origin = URL.parse(headers.origin);
  // Both are parsed before the comparison, because a host may contain capitals or the default port of its scheme.
  return origin !== null && URL.parse(`${origin.protocol}//${headers.host}`)?.host === origin.host;
}

import type { IncomingMessage } from "node:http";
import { AppError } from "../core/app-error.ts";
import type { Caller } from "../http/operation.ts";
import { decodeCredential, hashCookie } from "../sessions/session-secrets.ts";
import type { SessionStore } from "../sessions/session-store.ts";
import type { SessionCookie } from "./cookie.ts";
import type { RoleOf } from "./session-status.ts";
import type { AccessTokens } from "./tokens/access-token.ts";

export type AuthenticateDeps = {
  tokens: Pick<AccessTokens, "verify">;
  sessions: Pick<SessionStore, "lookUp">;
  cookie: Pick<SessionCookie, "read">;
  roleOf: RoleOf;
};

/**
 * The number of cookies, from the end of the header, that may be the session cookie. A page of a sibling domain can set
 * cookies of the same name. Browsers send cookies with longer paths first, and the session cookie has the shortest path,
 * `/`. After it come at most two forged cookies for each parent domain. So ten are enough for four parent domains.
 */
const maxCandidates = 10;

/** Identifies the caller in one round trip to Redis. While Redis is unavailable, checks bearer tokens in Postgres. */
export function createAuthenticate({ tokens, sessions, cookie, roleOf }: AuthenticateDeps) {
  const byBearer = async (token: string): Promise<Caller> => {
    const claims = tokens.verify(token);
    if (claims === undefined) throw unauthorized();
    const { userId, sessionId } = claims;
    const role = await roleOf(userId, sessionId);
    if (role === undefined) throw unauthorized();
    return { userId, sessionId, role };
  };

  const byCookie = async (values: readonly string[], request: IncomingMessage): Promise<Caller> => {
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
      else if (lookUp.value.role !== undefined) return { ...lookUp.value, role: lookUp.value.role };
    }
    throw failure;
  };

  return async (request: IncomingMessage): Promise<Caller> => {
    const token = /^bearer(?: +(.*))?$/i.exec(request.headers.authorization ?? "");
    return token === null ? byCookie(cookie.read(request), request) : byBearer(token[1] ?? "");
  };
}

export type Authenticate = ReturnType<typeof createAuthenticate>;

const unauthorized = () =>
  new AppError("unauthorized", "Authentication is required: send a valid access token or session cookie.");

const safeMethods = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Returns whether a request may be authenticated by its cookie alone. Browsers send Sec-Fetch-Site with each request;
 * for older ones the Origin has to be the host of the request.
 */
function allowsCookieAuthentication({ method = "GET", headers }: Pick<IncomingMessage, "method" | "headers">): boolean {
  if (safeMethods.has(method)) return true;
  const site = headers["sec-fetch-site"];
  if (site !== undefined) return site === "same-origin" || site === "none";
  if (headers.origin === undefined) return true;
  const origin = URL.parse(headers.origin);
  // Both are parsed, because a host may contain capitals or the default port of its scheme.
  return origin !== null && URL.parse(`${origin.protocol}//${headers.host}`)?.host === origin.host;
}

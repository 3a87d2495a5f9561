import type { IncomingMessage } from "node:http";
import { AppError } from "../core/app-error.ts";
import type { Caller } from "../http/operation.ts";
import { decode, hashOfCookie } from "../sessions/secrets.ts";
import type { SessionStore } from "../sessions/store.ts";
import type { AccessTokens } from "./access-token.ts";
import type { SessionCookie } from "./cookie.ts";
import { mayActByCookie } from "./cross-origin.ts";
import type { RoleOf } from "./session-status.ts";

export type AuthenticateDeps = {
  tokens: Pick<AccessTokens, "verify">;
  sessions: Pick<SessionStore, "lookUp">;
  cookie: Pick<SessionCookie, "read">;
  roleOf: RoleOf;
};

/** Who is calling. One round trip to Redis; where that is away, a bearer token is checked once against Postgres. */
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
    const value = values.find((candidate) => decode(candidate) !== undefined);
    const presented = value === undefined ? undefined : decode(value);
    if (value === undefined || presented === undefined) throw unauthorized();
    if (!mayActByCookie(request)) {
      throw new AppError("forbidden", "A page of another origin may not write with this cookie; use a bearer token.");
    }
    const { userId, sessionId } = presented;
    const role = await sessions.lookUp(userId, sessionId, hashOfCookie(value));
    if (role === undefined) throw unauthorized();
    return { userId, sessionId, role };
  };

  return async (request: IncomingMessage): Promise<Caller> => {
    const token = /^bearer(?: +(.*))?$/i.exec(request.headers.authorization ?? "");
    return token === null ? byCookie(cookie.read(request), request) : byBearer(token[1] ?? "");
  };
}

export type Authenticate = ReturnType<typeof createAuthenticate>;

const unauthorized = () => new AppError("unauthorized", "Sign in, or send a valid access token.");

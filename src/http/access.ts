import type { Request, Response } from "express";
import { AppError } from "../core/errors/app-error.ts";
import type { Role } from "../core/role.ts";

/** The credentials that an operation accepts. */
export type Access =
  /** Every authenticated user; an API key needs the scope of the method. */
  | "member"
  /** Every authenticated user, but API keys are refused. */
  | "account"
  /** A session that began with a password: API keys and tokens of trusted issuers are refused. */
  | "session"
  /** Every authenticated administrator, but API keys are refused. */
  | "admin";

export type SessionCaller = { by: "session"; userId: string; sessionId: string; role: Role };

/** The authenticated user, and the credential. */
export type Caller =
  | SessionCaller
  | { by: "api_key"; userId: string; keyId: string; role: Role }
  | { by: "issuer"; userId: string; tokenId: string; endsAt: Date; role: Role };

/** Returns the authenticated user, or throws. Adds response headers that belong to the credential. */
export type AuthenticateCaller = (request: Request, response: Response) => Promise<Caller>;

/** Throws if the operation does not accept the credential or the role of the caller. */
export function authorize(access: Access, caller: Caller, request: Request): Caller {
  request.context.userId = caller.userId;
  if (access === "member") return caller;
  if (caller.by === "api_key") throw new AppError("forbidden", "API keys are not accepted for this operation.");
  if (access === "session" && caller.by !== "session")
    throw new AppError("forbidden", "This operation requires a session that began with a password.");
  if (access === "admin" && caller.role !== "admin")
    throw new AppError("forbidden", "Only administrators may do this.");
  return caller;
}

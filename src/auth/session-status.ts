import { AppError } from "../core/errors/app-error.ts";
import type { Role } from "../core/role.ts";
import type { Caller } from "../http/access.ts";
import type { SessionStore } from "../sessions/session-store.ts";

/** Returns the role of a session's user, or undefined if the session is not active. */
export type RoleOf = (userId: string, sessionId: string) => Promise<Role | undefined>;

export type RoleOfDeps = {
  sessions: Pick<SessionStore, "lookUp">;
  /** Reads from Postgres. */
  activeRole: RoleOf;
};

/** Reads from Redis, and from Postgres while Redis is unavailable. */
export const createRoleOf =
  ({ sessions, activeRole }: RoleOfDeps): RoleOf =>
  (userId, sessionId) =>
    sessions.lookUp(userId, sessionId).catch((error: unknown) => {
      if (error instanceof AppError && (error.code === "unavailable" || error.code === "read_only"))
        return activeRole(userId, sessionId);
      throw error;
    });

export type IsStillSignedIn = (caller: Caller) => Promise<boolean>;

export type IsStillSignedInDeps = {
  roleOf: RoleOf;
  isActiveKey(keyId: string): Promise<boolean>;
  isActiveUser(userId: string): Promise<boolean>;
};

/** Returns whether the credential of an open stream is still valid. Returns true if this cannot be determined. */
export const createIsStillSignedIn =
  ({ roleOf, isActiveKey, isActiveUser }: IsStillSignedInDeps): IsStillSignedIn =>
  async (caller) => {
    try {
      if (caller.by === "issuer") return caller.endsAt.getTime() > Date.now() && (await isActiveUser(caller.userId));
      if (caller.by === "api_key") return await isActiveKey(caller.keyId);
      return (await roleOf(caller.userId, caller.sessionId)) !== undefined;
    } catch {
      return true;
    }
  };

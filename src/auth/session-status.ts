import { AppError } from "../core/app-error.ts";
import type { Caller } from "../http/operation.ts";
import type { SessionStore } from "../sessions/session-store.ts";
import type { Role } from "./access-token.ts";

/** The role of a session's user, or nothing where the session is not active. */
export type RoleOf = (userId: string, sessionId: string) => Promise<Role | undefined>;

export type RoleOfDeps = {
  sessions: Pick<SessionStore, "lookUp">;
  /** The same from Postgres. */
  activeRole: RoleOf;
};

/** Reads from Redis, and from Postgres while Redis is away. */
export const createRoleOf =
  ({ sessions, activeRole }: RoleOfDeps): RoleOf =>
  (userId, sessionId) =>
    sessions.lookUp(userId, sessionId).catch((error: unknown) => {
      if (error instanceof AppError && error.code === "unavailable") return activeRole(userId, sessionId);
      throw error;
    });

export type IsStillSignedIn = (caller: Caller) => Promise<boolean>;

/** For work that outlasts its request, such as a stream: it continues while the session's state cannot be read. */
export const createIsStillSignedIn =
  (roleOf: RoleOf): IsStillSignedIn =>
  ({ userId, sessionId }) =>
    roleOf(userId, sessionId).then(
      (role) => role !== undefined,
      () => true,
    );

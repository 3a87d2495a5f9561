import { AppError } from "../core/app-error.ts";
import type { Caller } from "../http/operation.ts";
import type { SessionStore } from "../sessions/store.ts";
import type { Role } from "./access-token.ts";

/** The role of a session's user, or nothing where the session is over. */
export type RoleOf = (userId: string, sessionId: string) => Promise<Role | undefined>;

export type RoleOfDeps = {
  sessions: Pick<SessionStore, "lookUp">;
  /** Who the user is and whether the session stands, as Postgres knows it. */
  standing: RoleOf;
};

/** Redis is asked; while that is away, Postgres. */
export const createRoleOf =
  ({ sessions, standing }: RoleOfDeps): RoleOf =>
  (userId, sessionId) =>
    sessions.lookUp(userId, sessionId).catch((error: unknown) => {
      if (error instanceof AppError && error.code === "unavailable") return standing(userId, sessionId);
      throw error;
    });

export type IsStillSignedIn = (caller: Caller) => Promise<boolean>;

/** For what goes on after its request was let in: it stays until somebody knows that the session is over. */
export const createIsStillSignedIn =
  (roleOf: RoleOf): IsStillSignedIn =>
  ({ userId, sessionId }) =>
    roleOf(userId, sessionId).then(
      (role) => role !== undefined,
      () => true,
    );

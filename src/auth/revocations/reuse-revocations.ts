import type { Logger } from "../../core/logging/logger.ts";
import { createRetryLoop } from "../../core/timing/retry-loop.ts";
import type { Queryable } from "../../db/pool.ts";
import type { SessionStore } from "../../sessions/session-store.ts";
import { recordRevocations } from "./revocations.ts";

export type ReuseRevocationsDeps = {
  db: Queryable;
  sessions: Pick<SessionStore, "revoke">;
  keepSeconds: number;
  logger: Pick<Logger, "warn">;
};

type Reused = { userId: string; sessionId: string };

const maxPending = 10_000;

/**
 * Revokes a session whose refresh token was reused: first in Postgres, then in Redis, where the session is already
 * suspended. If this fails, this instance retries, because the client that reused the token will not.
 */
export function createReuseRevocations({ db, sessions, keepSeconds, logger }: ReuseRevocationsDeps) {
  const pending = new Map<string, Reused>();

  const revoke = async ({ userId, sessionId }: Reused): Promise<void> => {
    await recordRevocations(db, userId, [sessionId], keepSeconds);
    await sessions.revoke(userId, { ids: [sessionId] });
  };

  const retries = createRetryLoop({
    async attempt(signal) {
      for (const reused of pending.values()) {
        const isDone =
          !signal.aborted &&
          (await revoke(reused).then(
            () => true,
            () => false,
          ));
        if (!isDone) return false;
        pending.delete(reused.sessionId);
      }
      return true;
    },
    onStillFailing: () => logger.warn("recording revocations after refresh token reuse failed; will retry"),
  });

  return {
    async revoke(userId: string, sessionId: string): Promise<void> {
      try {
        await revoke({ userId, sessionId });
      } catch (error) {
        if (pending.size < maxPending) pending.set(sessionId, { userId, sessionId });
        retries.start();
        throw error;
      }
    },
    stop: retries.stop,
  };
}

export type ReuseRevocations = ReturnType<typeof createReuseRevocations>;

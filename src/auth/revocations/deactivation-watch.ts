import type { Logger } from "../../core/logger.ts";
import type { Queryable } from "../../db/pool.ts";
import type { SessionStore } from "../../sessions/session-store.ts";
import { recentDeactivations } from "./revocations.ts";

export type DeactivationWatchDeps = {
  db: Queryable;
  sessions: Pick<SessionStore, "revoke">;
  logger: Pick<Logger, "info">;
};

const pollMs = 1000;
/** The maximum time from the time stamp of a deactivation to its commit. Each poll covers this time again. */
const overlapSeconds = 15;

/**
 * Ends the sessions of accounts that a command or a statement in SQL has deactivated, or deprived of the administrator's
 * role, without access to Redis. After an outage, the first poll covers the time since the last poll that succeeded.
 */
export function createDeactivationWatch({ db, sessions, logger }: DeactivationWatchDeps) {
  let applied = new Set<string>();
  let polling = false;
  let coveredUntil = performance.now();

  const poll = async (): Promise<void> => {
    const startedAt = performance.now();
    const withinSeconds = overlapSeconds + (startedAt - coveredUntil) / 1000;
    const seen = new Set<string>();
    for (const { userId, at } of await recentDeactivations(db, withinSeconds)) {
      const deactivation = `${userId} ${at.getTime()}`;
      if (!applied.has(deactivation)) {
        // An empty `allBut` names no session to keep.
        const revoked = await sessions.revoke(userId, { allBut: "", begunBefore: at });
        if (revoked.length > 0)
          logger.info({ userId, sessions: revoked.length }, "sessions of deactivated account revoked");
      }
      seen.add(deactivation);
      applied.add(deactivation);
    }
    applied = seen;
    coveredUntil = startedAt;
  };

  const timer = setInterval(() => {
    if (polling) return;
    polling = true;
    poll()
      .catch(() => undefined)
      .finally(() => {
        polling = false;
      });
  }, pollMs).unref();

  return { stop: (): void => clearInterval(timer) };
}

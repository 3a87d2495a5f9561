import type { Logger } from "../../core/logging/logger.ts";
import type { Queryable } from "../../db/pool.ts";
import type { SessionStore } from "../../sessions/session-store.ts";
import { recentDeactivations } from "./revocations.ts";

export type DeactivationWatchDeps = {
  db: Queryable;
  sessions: Pick<SessionStore, "revoke">;
  logger: Pick<Logger, "info">;
};

const pollMs = 1000;
/** The maximum time from the time stamp of a deactivation to its commit. Polls overlap by this time. */
const overlapSeconds = 15;

/**
 * Revokes the sessions of accounts that were deactivated, or lost the role of an administrator, without access to
 * Redis: by a command, by SQL, or while Redis failed. After an outage, the first poll covers the time since the last
 * successful poll.
 */
export function createDeactivationWatch({ db, sessions, logger }: DeactivationWatchDeps) {
  let applied = new Set<string>();
  let isPolling = false;
  let coveredUntil = performance.now();

  const poll = async (): Promise<void> => {
    const startedAt = performance.now();
    const withinSeconds = overlapSeconds + (startedAt - coveredUntil) / 1000;
    const polled = new Set<string>();
    for (const { userId, at } of await recentDeactivations(db, withinSeconds)) {
      const deactivation = `${userId} ${at.getTime()}`;
      if (!applied.has(deactivation)) {
        // An empty `allBut` names no session to keep.
        const revoked = await sessions.revoke(userId, { allBut: "", begunBefore: at });
        if (revoked.length > 0)
          logger.info({ userId, sessions: revoked.length }, "sessions of deactivated account revoked");
      }
      polled.add(deactivation);
      applied.add(deactivation);
    }
    applied = polled;
    coveredUntil = startedAt;
  };

  const timer = setInterval(() => {
    if (isPolling) return;
    isPolling = true;
    poll()
      .catch(() => undefined)
      .finally(() => {
        isPolling = false;
      });
  }, pollMs).unref();

  return { stop: (): void => clearInterval(timer) };
}

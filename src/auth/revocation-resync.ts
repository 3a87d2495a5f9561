import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "../core/logger.ts";
import type { Queryable } from "../db/pool.ts";
import type { SessionStore } from "../sessions/store.ts";
import { liveRevocations, type Revoked } from "./revocations.ts";

export type RevocationResyncDeps = {
  db: Queryable;
  sessions: Pick<SessionStore, "revoke">;
  keepSeconds: number;
  logger: Pick<Logger, "warn">;
};

const batch = 500;
const longestPauseMs = 10_000;

/**
 * A Redis that comes back, or a replica that became the primary, may have missed the last revocations; Postgres has
 * not. They are applied again until all of them are, one user's trouble never being another's.
 */
export function createRevocationResync({ db, sessions, keepSeconds, logger }: RevocationResyncDeps) {
  const stopped = new AbortController();
  let wanted = false;
  let running = false;

  const applyTo = async ({ userId, ids, validFrom, keptId }: Revoked): Promise<void> => {
    for (let at = 0; at < ids.length; at += batch) await sessions.revoke(userId, { ids: ids.slice(at, at + batch) });
    if (validFrom === null) return;
    await sessions.revoke(userId, { allBut: keptId ?? "", begunBefore: validFrom });
  };

  const applyAll = async (): Promise<boolean> => {
    try {
      const outcomes = [];
      for (const revoked of await liveRevocations(db, keepSeconds))
        outcomes.push(
          await applyTo(revoked).then(
            () => true,
            () => false,
          ),
        );
      return outcomes.every(Boolean);
    } catch {
      return false;
    }
  };

  const run = async (): Promise<void> => {
    running = true;
    for (let pauseMs = 250; wanted && !stopped.signal.aborted; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
      wanted = false;
      if (await applyAll()) continue;
      wanted = true;
      if (pauseMs === longestPauseMs) logger.warn("revocations could not be applied to Redis again yet");
      await sleep(pauseMs, undefined, { signal: stopped.signal, ref: false }).catch(() => undefined);
    }
    running = false;
  };

  return {
    /** Redis may have missed something. */
    start(): void {
      wanted = true;
      if (!running) void run();
    },
    stop: () => stopped.abort(),
  };
}

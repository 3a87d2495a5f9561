import type { Logger } from "../../core/logging/logger.ts";
import { createRetryLoop } from "../../core/timing/retry-loop.ts";
import type { Queryable } from "../../db/pool.ts";
import type { SessionStore } from "../../sessions/session-store.ts";
import { type LiveRevocation, liveRevocations } from "./revocations.ts";

export type RevocationResyncDeps = {
  db: Queryable;
  sessions: Pick<SessionStore, "revoke">;
  keepSeconds: number;
  logger: Pick<Logger, "warn">;
};

const maxConcurrent = 250;

/**
 * Applies the revocations in Postgres to Redis again after an outage or a failover, in which Redis may have lost the
 * latest ones. The newest are applied first, because they are the most likely to be lost, and failed ones are retried
 * until all succeed. A failure for one user does not delay other users.
 */
export function createRevocationResync({ db, sessions, keepSeconds, logger }: RevocationResyncDeps) {
  /** The commands of a batch are sent together, so that a batch takes one round trip. */
  const applyPage = async (page: readonly LiveRevocation[], signal: AbortSignal): Promise<"all" | "some" | "none"> => {
    const commands = toCommands(page);
    let failed = 0;
    for (let at = 0; at < commands.length && !signal.aborted; at += maxConcurrent) {
      const batch = commands.slice(at, at + maxConcurrent);
      const outcomes = await Promise.allSettled(batch.map(({ userId, which }) => sessions.revoke(userId, which)));
      const failures = outcomes.filter(({ status }) => status === "rejected").length;
      failed += failures;
      if (failures === batch.length) return "none";
    }
    return failed === 0 ? "all" : "some";
  };

  const applyAll = async (signal: AbortSignal): Promise<boolean> => {
    let isComplete = true;
    try {
      for await (const page of liveRevocations(db, keepSeconds)) {
        const applied = signal.aborted ? "none" : await applyPage(page, signal);
        // Redis is unavailable: processing the rest of a long list would delay the retry of the newest revocations.
        if (applied === "none") return false;
        isComplete &&= applied === "all";
      }
      return isComplete;
    } catch {
      return false;
    }
  };

  return createRetryLoop({
    attempt: applyAll,
    onStillFailing: () => logger.warn("applying revocations to redis failed; will retry"),
  });
}

type Command = { userId: string; which: Parameters<SessionStore["revoke"]>[1] };

/** Joins the revoked sessions of each user into one command, at the position of the user's newest revocation. */
function toCommands(page: readonly LiveRevocation[]): Command[] {
  const commands: Command[] = [];
  const idsByUser = new Map<string, string[]>();
  for (const { userId, sessionId, keptId, at } of page) {
    const ids = idsByUser.get(userId);
    if (sessionId === null) commands.push({ userId, which: { allBut: keptId ?? "", begunBefore: at } });
    else if (ids !== undefined) ids.push(sessionId);
    else {
      const first = [sessionId];
      idsByUser.set(userId, first);
      commands.push({ userId, which: { ids: first } });
    }
  }
  return commands;
}

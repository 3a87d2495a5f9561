import { AppError } from "../../core/errors/app-error.ts";
import { createConcurrencyLimiter } from "../../core/limits/concurrency-limiter.ts";
import type { Caller } from "../../http/access.ts";
import type { Reader } from "./reader.ts";
import { createStaggeredVisits } from "./staggered-visits.ts";

type StreamSession = { caller: Caller; readers: Set<Reader> };

export type StreamSessionsDeps = { intervalMs: number; isStillSignedIn(caller: Caller): Promise<boolean> };

/** Low, because the checks use Postgres while Redis is unavailable. */
const maxConcurrentChecks = 4;

/** Tracks the sessions with open streams, checks each once per interval, and ends the streams of an ended session. */
export function createStreamSessions({ intervalMs, isStillSignedIn }: StreamSessionsDeps) {
  const bySession = new Map<string, StreamSession>();
  const limiter = createConcurrencyLimiter({
    maxConcurrent: maxConcurrentChecks,
    maxWaitMs: intervalMs,
    maxQueued: Number.POSITIVE_INFINITY,
    rejectionError: () => new AppError("overloaded", "Too many sessions are being checked."),
  });
  const check = async ({ caller, readers }: StreamSession): Promise<void> => {
    // A check that fails or waits too long is repeated in the next interval.
    if (await limiter.run(() => isStillSignedIn(caller)).catch(() => true)) return;
    for (const reader of [...readers]) reader.end("signed_out");
  };
  const checks = createStaggeredVisits<StreamSession>(intervalMs, (session) => void check(session));

  return {
    add(caller: Caller, reader: Reader): void {
      const existing = bySession.get(credentialId(caller));
      const session = existing ?? { caller, readers: new Set() };
      session.readers.add(reader);
      if (existing !== undefined) return;
      bySession.set(credentialId(caller), session);
      checks.add(session);
    },
    remove(caller: Caller, reader: Reader): void {
      const session = bySession.get(credentialId(caller));
      session?.readers.delete(reader);
      if (session?.readers.size !== 0) return;
      bySession.delete(credentialId(caller));
      checks.remove(session);
    },
    stop: checks.stop,
  };
}

function credentialId(caller: Caller): string {
  if (caller.by === "session") return caller.sessionId;
  return caller.by === "api_key" ? caller.keyId : caller.tokenId;
}

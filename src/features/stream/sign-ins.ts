import { AppError } from "../../core/app-error.ts";
import { createConcurrencyLimiter } from "../../core/concurrency-limiter.ts";
import type { Caller } from "../../http/operation.ts";
import type { Reader } from "./reader.ts";
import { createStaggeredVisits } from "./staggered-visits.ts";

type SignIn = { caller: Caller; readers: Set<Reader> };

export type SignInsDeps = { everyMs: number; isStillSignedIn(caller: Caller): Promise<boolean> };

/** While Redis is away it is Postgres that is asked, and requests wait there too. */
const mostAtOnce = 4;

/** The sessions that have streams open. Each is asked after once in every interval, and its streams end with it. */
export function createSignIns({ everyMs, isStillSignedIn }: SignInsDeps) {
  const bySession = new Map<string, SignIn>();
  const gate = createConcurrencyLimiter({
    maxConcurrent: mostAtOnce,
    maxWaitMs: everyMs,
    maxQueued: Number.POSITIVE_INFINITY,
    onRejected: () => new AppError("overloaded", "Too many sessions are being asked after."),
  });
  const check = async ({ caller, readers }: SignIn): Promise<void> => {
    // Whose turn does not come is asked after in the next round.
    if (await gate.run(() => isStillSignedIn(caller)).catch(() => true)) return;
    for (const reader of [...readers]) reader.end("signed_out");
  };
  const rounds = createStaggeredVisits<SignIn>(everyMs, (signIn) => void check(signIn));

  return {
    add(caller: Caller, reader: Reader): void {
      const known = bySession.get(caller.sessionId);
      const signIn = known ?? { caller, readers: new Set() };
      signIn.readers.add(reader);
      if (known !== undefined) return;
      bySession.set(caller.sessionId, signIn);
      rounds.add(signIn);
    },
    remove({ sessionId }: Caller, reader: Reader): void {
      const signIn = bySession.get(sessionId);
      signIn?.readers.delete(reader);
      if (signIn?.readers.size !== 0) return;
      bySession.delete(sessionId);
      rounds.remove(signIn);
    },
    stop: rounds.stop,
  };
}

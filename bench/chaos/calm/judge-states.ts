/** The state of one check, or the verdict (`ready`), that an instance reported from `at` on. */
export type StateChange = { instance: string; subject: string; at: number; state: string };

/** A restart during which the checks in `subjects` may be down. The times are those of the restart, without the recovery. */
export type Restart = { what: string; subjects: readonly string[]; startedAt: number; endedAt: number };

export type UntrueState = Omit<StateChange, "at"> & { forMs: number };

/** A probe that got no answer reports no state. */
const noAnswer = "silent";

const good: ReadonlySet<string> = new Set(["up", "ready"]);
/** The states that a restart explains. No restart explains `impaired`. */
const trueInRestart: ReadonlySet<string> = new Set([
  "down",
  "unknown",
  "degraded",
  "not_ready",
  "starting",
  "draining",
  "gone",
]);

/**
 * Returns the states that were not true. A state other than `up` and `ready` is true only during a restart that explains
 * it, and while the instance recovers from that restart.
 */
export function findUntrueStates(
  changes: readonly StateChange[],
  restarts: readonly Restart[],
  { recoveryMs, to }: { recoveryMs: number; to: number },
): UntrueState[] {
  return changes.flatMap(({ instance, subject, at, state }, index) => {
    if (good.has(state) || state === noAnswer) return [];
    const next = changes.slice(index + 1).find((change) => change.instance === instance && change.subject === subject);
    const until = next?.at ?? to;
    const isExplained = restarts.some(
      ({ subjects, startedAt, endedAt }) =>
        subjects.includes(subject) && at >= startedAt && until <= endedAt + recoveryMs,
    );
    if (isExplained && trueInRestart.has(state)) return [];
    return [{ instance, subject, state, forMs: until - at }];
  });
}

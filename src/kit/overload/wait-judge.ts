export type WaitLimits = { targetMs: number; intervalMs: number };

/** What the waits of one queue have shown so far. */
export type WaitState = {
  /** The time since which each request at the head of the queue has waited longer than the target. */
  readonly overSince: number | undefined;
  readonly rejectedAt: number | undefined;
};

export const noWaits: WaitState = { overSince: undefined, rejectedAt: undefined };

/**
 * Decides about the request that waits longest in a queue, after CoDel: a burst may wait, a queue that stays may not.
 * If all requests of an interval have waited longer than the target, those that have waited longer are rejected, until
 * an interval passes without a rejection.
 */
export function judgeWait(
  state: WaitState,
  { waitedMs, now }: { waitedMs: number; now: number },
  { targetMs, intervalMs }: WaitLimits,
): WaitState & { rejects: boolean } {
  const { overSince, rejectedAt } = state;
  if (waitedMs <= targetMs) {
    const isOverload = rejectedAt !== undefined && now - rejectedAt < intervalMs;
    return { overSince: isOverload ? overSince : undefined, rejectedAt, rejects: false };
  }
  if (overSince === undefined) return { overSince: now, rejectedAt, rejects: false };
  const rejects = now - overSince >= intervalMs;
  return { overSince, rejectedAt: rejects ? now : rejectedAt, rejects };
}

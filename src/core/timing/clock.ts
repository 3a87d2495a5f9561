/**
 * Milliseconds since 1970.
 * @example const clock: Clock = { now: () => Date.now() };
 */
export type Clock = { now(): number };

/** The time of day when the process started plus a monotonic counter: it never jumps, so durations can be computed. */
export const steadyClock: Clock = { now: () => performance.timeOrigin + performance.now() };

/** Milliseconds since 1970. */
export type Clock = { now(): number };

/** Shows the time of day but never jumps: ages and time limits can be told from it. */
export const steadyClock: Clock = { now: () => performance.timeOrigin + performance.now() };

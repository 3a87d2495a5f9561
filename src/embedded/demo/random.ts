export const dayMs = 86_400_000;

export const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

export type Pick = <T>(from: readonly T[]) => T;

export const pickFrom =
  (next: () => number): Pick =>
  (from) => {
    const picked = from[Math.floor(next() * from.length)];
    if (picked === undefined) throw new Error("pick needs at least one value");
    return picked;
  };

/** Lehmer's generator, so that the demo data is the same on every machine. */
export function nextNumber(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

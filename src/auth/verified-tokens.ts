import type { Claims } from "./access-token.ts";

type Verified = { claims: Claims; untilSeconds: number };

const mostTokens = 4096;

/**
 * Remembers tokens that were found good: the same bytes are good until they expire, and whether the session still
 * stands is asked elsewhere, each time. The longest known gives way.
 */
export function createVerifiedTokens() {
  const known = new Map<string, Verified>();
  return {
    get(token: string, nowSeconds: number): Claims | undefined {
      const found = known.get(token);
      if (found === undefined || nowSeconds < found.untilSeconds) return found?.claims;
      known.delete(token);
      return undefined;
    },
    add(token: string, verified: Verified): void {
      const [oldest] = known.size < mostTokens ? [] : known.keys();
      if (oldest !== undefined) known.delete(oldest);
      known.set(token, verified);
    },
  };
}

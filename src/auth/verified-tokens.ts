import type { Claims } from "./access-token.ts";

type Verified = { claims: Claims; untilSeconds: number };

const maxTokens = 4096;

/**
 * Remembers tokens that were found good: the same bytes are good until they expire, and whether the session still
 * stands is asked elsewhere, each time. The longest known gives way.
 */
export function createVerifiedTokenCache() {
  const remembered = new Map<string, Verified>();
  return {
    get(token: string, nowSeconds: number): Claims | undefined {
      const found = remembered.get(token);
      if (found === undefined || nowSeconds < found.untilSeconds) return found?.claims;
      remembered.delete(token);
      return undefined;
    },
    add(token: string, verified: Verified): void {
      const [oldest] = remembered.size < maxTokens ? [] : remembered.keys();
      if (oldest !== undefined) remembered.delete(oldest);
      remembered.set(token, verified);
    },
  };
}

type Verified<Claims> = { claims: Claims; untilSeconds: number };

const maxTokens = 4096;

/**
 * Caches the claims of tokens with a valid signature until they expire. The session is still checked on each request.
 * A full cache drops its oldest entry.
 */
export function createVerifiedTokenCache<Claims>() {
  const remembered = new Map<string, Verified<Claims>>();
  return {
    get(token: string, nowSeconds: number): Claims | undefined {
      const found = remembered.get(token);
      if (found === undefined || nowSeconds < found.untilSeconds) return found?.claims;
      remembered.delete(token);
      return undefined;
    },
    add(token: string, verified: Verified<Claims>): void {
      const [oldest] = remembered.size < maxTokens ? [] : remembered.keys();
      if (oldest !== undefined) remembered.delete(oldest);
      remembered.set(token, verified);
    },
  };
}

type Verified<Claims> = { claims: Claims; untilSeconds: number };

const maxTokens = 4096;

/**
 * Caches the claims of tokens with a valid signature until they expire. The session is still checked on each request.
 * A full cache drops its oldest entry.
 */
export function createVerifiedTokenCache<Claims>() {
  const entries = new Map<string, Verified<Claims>>();
  return {
    get(token: string, nowSeconds: number): Claims | undefined {
      const entry = entries.get(token);
      if (entry === undefined || nowSeconds < entry.untilSeconds) return entry?.claims;
      entries.delete(token);
      return undefined;
    },
    add(token: string, verified: Verified<Claims>): void {
      const [oldest] = entries.size < maxTokens ? [] : entries.keys();
      if (oldest !== undefined) entries.delete(oldest);
      entries.set(token, verified);
    },
  };
}

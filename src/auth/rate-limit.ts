import { createHash, randomUUID } from "node:crypto";
import { isIPv6 } from "node:net";
import { AppError } from "../core/app-error.ts";
import type { RedisAccess } from "../redis/access.ts";
import { loadScript } from "../redis/script.ts";

export type RateLimitDeps = { redis: RedisAccess; perMinute: number };

const windowMs = 60_000;

const countAttempt = loadScript(new URL("./count-attempt.lua", import.meta.url));

/**
 * Attempts a minute for each address, and for each account as seen from that address: a stranger who tries another
 * user's account uses up only their own attempts.
 */
export function createRateLimit({ redis, perMinute }: RateLimitDeps) {
  return {
    /** Throws 429 after too many attempts, and 503 while Redis is away: what is limited needs Redis anyway. */
    async attempt(address: string, account: string): Promise<void> {
      if (perMinute === 0) return;
      const from = networkOf(address);
      const keys = [`haven:rate:{${from}}`, `haven:rate:{${from}}:${digest(account)}`];
      const args = [windowMs, perMinute, randomUUID()];
      const waitMs = Number(await redis.run((client) => countAttempt(client, keys, args)));
      if (waitMs > 0) {
        throw new AppError("rate_limited", "Too many attempts from here; wait a moment.", {
          retryAfterSeconds: Math.ceil(waitMs / 1000),
        });
      }
    },
  };
}

export type RateLimit = ReturnType<typeof createRateLimit>;

/** A household has one IPv4 address, but 2^64 of IPv6. */
export function networkOf(address: string): string {
  const plain = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
  if (!isIPv6(plain)) return plain;
  const [head = "", tail] = plain.split("%", 1)[0]?.split("::") ?? [];
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const missing = tail === undefined ? 0 : 8 - before.length - after.length;
  const groups = [...before, ...Array.from({ length: Math.max(0, missing) }, () => "0"), ...after];
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(":")}::/64`;
}

const digest = (text: string): string => createHash("sha256").update(text).digest("base64url").slice(0, 22);

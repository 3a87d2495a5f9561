import { createHash, randomUUID } from "node:crypto";
import { AppError } from "../core/app-error.ts";
import { networkOf } from "../core/ip-address.ts";
import { loadLuaScript } from "../redis/lua-script.ts";
import type { RedisAccess } from "../redis/redis-access.ts";

export type RateLimitDeps = { redis: RedisAccess; perMinute: number };

const windowMs = 60_000;

const countAttempt = loadLuaScript(new URL("./count-attempt.lua", import.meta.url));

/**
 * Limits attempts per minute by client address, and by client address and account. There is no limit by account alone,
 * with which attempts from elsewhere could lock the owner out.
 */
export function createRateLimit({ redis, perMinute }: RateLimitDeps) {
  return {
    /** Throws 429 after too many attempts, and 503 while Redis is unavailable, which these operations require anyway. */
    async attempt(address: string, account: string): Promise<void> {
      if (perMinute === 0) return;
      const network = networkOf(address);
      const keys = [`haven:rate:{${network}}`, `haven:rate:{${network}}:${digest(account)}`];
      const args = [windowMs, perMinute, randomUUID()];
      const waitMs = Number(await redis.write((client) => countAttempt(client, keys, args)));
      if (waitMs > 0) {
        throw new AppError("rate_limited", "Too many attempts from this address. Retry later.", {
          retryAfterSeconds: Math.ceil(waitMs / 1000),
        });
      }
    },
  };
}

export type RateLimit = ReturnType<typeof createRateLimit>;

const digest = (text: string): string => createHash("sha256").update(text).digest("base64url").slice(0, 22);

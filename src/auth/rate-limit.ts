import { createHash, randomUUID } from "node:crypto";
import { AppError } from "../core/errors/app-error.ts";
import { networkOf } from "../core/network/ip-address.ts";
import type { SessionCaller } from "../http/access.ts";
import { loadLuaScript } from "../redis/lua-script.ts";
import type { RedisAccess } from "../redis/redis-access.ts";

export type RateLimitDeps = { redis: RedisAccess; perMinute: number };

const windowMs = 60_000;

const countAttempt = loadLuaScript(new URL("./count-attempt.lua", import.meta.url));

/**
 * Limits attempts per minute by client address, by client address and account, and by session. There is no limit by
 * account alone, because the attempts of strangers could then lock the owner out.
 */
export function createRateLimit({ redis, perMinute }: RateLimitDeps) {
  const count = async (keys: string[]): Promise<void> => {
    if (perMinute === 0) return;
    const args = [windowMs, perMinute, randomUUID()];
    const waitMs = Number(await redis.write((client) => countAttempt(client, keys, args)));
    if (waitMs <= 0) return;
    throw new AppError("rate_limited", "Too many attempts. Retry later.", {
      retryAfterSeconds: Math.ceil(waitMs / 1000),
    });
  };

  /** Throws 429 after too many attempts, and 503 while Redis is unavailable. All callers require Redis anyway. */
  const attempt = (address: string, account: string): Promise<void> => {
    const network = networkOf(address);
    return count([`haven:rate:{${network}}`, `haven:rate:{${network}}:${digest(account)}`]);
  };

  return {
    attempt,

    /** Also counts the attempt by session, because the thief of a session can use it from many addresses. */
    async attemptInSession({ userId, sessionId }: SessionCaller, address: string): Promise<void> {
      await attempt(address, userId);
      await count([`haven:rate:{${sessionId}}`]);
    },
  };
}

export type RateLimit = ReturnType<typeof createRateLimit>;

const digest = (text: string): string => createHash("sha256").update(text).digest("base64url").slice(0, 22);

import { createHash, randomUUID } from "node:crypto";
import { isIPv6 } from "node:net";
import { AppError } from "../core/app-error.ts";
import type { Clock } from "../core/clock.ts";
import type { RedisAccess } from "../redis/access.ts";
import { defineScript } from "../redis/script.ts";
import { createLocalWindow } from "./local-window.ts";

export type RateLimitDeps = { redis: RedisAccess; clock: Clock; perMinute: number };

const windowMs = 60_000;

/** KEYS one for each limit · ARGV now, windowMs, limit, member. Gives 0, or the ms until the next attempt is let in. */
const attemptScript = defineScript(`
local now, window, limit = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local wait = 0
for _, key in ipairs(KEYS) do
  redis.call('ZREMRANGEBYSCORE', key, '-inf', now - window)
  if redis.call('ZCARD', key) >= limit then
    local oldest = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')
    wait = math.max(wait, tonumber(oldest[2]) + window - now)
  end
end
if wait > 0 then return wait end
for _, key in ipairs(KEYS) do
  redis.call('ZADD', key, now, ARGV[4])
  redis.call('PEXPIRE', key, window)
end
return 0
`);

/**
 * Attempts a minute for each address, and for each account as seen from that address: a stranger who tries somebody's
 * account uses up their own attempts only. Without Redis each instance counts for itself.
 */
export function createRateLimit({ redis, clock, perMinute }: RateLimitDeps) {
  const local = createLocalWindow({ windowMs, limit: perMinute });

  return {
    /** Throws 429 where there were too many. */
    async attempt(address: string, account: string): Promise<void> {
      if (perMinute === 0) return;
      const from = networkOf(address);
      const keys = [`haven:rate:{${from}}`, `haven:rate:{${from}}:${digest(account)}`];
      const now = Math.round(clock.now());
      const waitMs = await redis
        .run((client) => attemptScript(client, keys, [now, windowMs, perMinute, randomUUID()]))
        .then(Number)
        .catch(() => local.attempt(keys, now));
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

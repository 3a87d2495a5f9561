import type { ServerResponse } from "node:http";
import { AppError } from "../../core/app-error.ts";
import { loadLuaScript } from "../../redis/lua-script.ts";
import type { RedisAccess } from "../../redis/redis-access.ts";

export type KeyLimitDeps = {
  redis: Pick<RedisAccess, "write">;
  /** `0` disables the limit. */
  perMinute: number;
  now?: () => number;
};

/** `total` is the count of all instances, as Redis last returned it. */
type Count = { total: number; unsent: number; inFlight: number };

const windowMs = 60_000;

const countRequests = loadLuaScript(new URL("./count-requests.lua", import.meta.url));

/**
 * Limits the requests of each API key per minute, on all instances together. A request is judged by the count that this
 * instance has, and does not wait for Redis: counts are sent in the background, one command at a time for each key.
 * Instances can exceed the limit together by the requests of one round trip. While Redis is unavailable, each instance
 * counts only its own requests.
 */
export function createKeyLimit({ redis, perMinute, now = Date.now }: KeyLimitDeps) {
  let window = 0;
  let counts = new Map<string, Count>();

  const send = async (key: string, count: Count): Promise<void> => {
    while (count.unsent > 0) {
      count.inFlight = count.unsent;
      count.unsent = 0;
      const args = [count.inFlight, 2 * windowMs];
      const total = await redis.write((client) => countRequests(client, [key], args)).catch(() => undefined);
      count.total = total === undefined ? count.total + count.inFlight : Number(total);
      count.inFlight = 0;
    }
  };

  return {
    /** Adds the headers of draft-ietf-httpapi-ratelimit-headers to the response; throws 429 if the limit is reached. */
    count(keyId: string, response: Pick<ServerResponse, "setHeader">): void {
      if (perMinute === 0) return;
      const at = now();
      const current = Math.floor(at / windowMs);
      if (current !== window) {
        window = current;
        counts = new Map();
      }
      const count = counts.get(keyId) ?? { total: 0, unsent: 0, inFlight: 0 };
      counts.set(keyId, count);
      const used = count.total + count.unsent + count.inFlight;
      const secondsLeft = Math.ceil(((current + 1) * windowMs - at) / 1000);
      response.setHeader("RateLimit-Policy", `"api-key";q=${perMinute};w=${windowMs / 1000}`);
      response.setHeader("RateLimit", `"api-key";r=${Math.max(0, perMinute - used - 1)};t=${secondsLeft}`);
      if (used >= perMinute) {
        throw new AppError("rate_limited", `This API key may send ${perMinute} requests a minute. Retry later.`, {
          retryAfterSeconds: secondsLeft,
        });
      }
      count.unsent += 1;
      if (count.inFlight === 0) void send(`haven:key-rate:{${keyId}}:${current}`, count);
    },
  };
}

export type KeyLimit = ReturnType<typeof createKeyLimit>;

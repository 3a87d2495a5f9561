import type { ServerResponse } from "node:http";
import { AppError } from "../../core/errors/app-error.ts";
import { loadLuaScript } from "../../redis/lua-script.ts";
import type { RedisAccess } from "../../redis/redis-access.ts";

export type KeyLimitDeps = {
  redis: Pick<RedisAccess, "write">;
  /** `0` disables the limit. */
  perMinute: number;
  now?: () => number;
};

/**
 * The requests of one key in the current window. `total` is the count of all instances that Redis last returned.
 * `inFlight` requests are being sent to Redis, and `unsent` requests are sent after them.
 */
type Count = { total: number; unsent: number; inFlight: number };

const windowMs = 60_000;

const countRequests = loadLuaScript(new URL("./count-requests.lua", import.meta.url));

/**
 * Limits the requests of each API key per minute, on all instances together. A request does not wait for Redis: the
 * limit is compared with the count that this instance has, and counts are sent in the background, one command at a time
 * for each key. The instances together can therefore exceed the limit by the requests that arrive during one round
 * trip. While Redis is unavailable, each instance counts only its own requests.
 */
export function createKeyLimit({ redis, perMinute, now = Date.now }: KeyLimitDeps) {
  let windowIndex = 0;
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
    /** Counts a request and adds the headers of draft-ietf-httpapi-ratelimit-headers. Throws 429 at the limit. */
    count(keyId: string, response: Pick<ServerResponse, "setHeader">): void {
      if (perMinute === 0) return;
      const nowMs = now();
      const currentIndex = Math.floor(nowMs / windowMs);
      if (currentIndex !== windowIndex) {
        windowIndex = currentIndex;
        counts = new Map();
      }
      const count = counts.get(keyId) ?? { total: 0, unsent: 0, inFlight: 0 };
      counts.set(keyId, count);
      const used = count.total + count.unsent + count.inFlight;
      const secondsLeft = Math.ceil(((currentIndex + 1) * windowMs - nowMs) / 1000);
      response.setHeader("RateLimit-Policy", `"api-key";q=${perMinute};w=${windowMs / 1000}`);
      response.setHeader("RateLimit", `"api-key";r=${Math.max(0, perMinute - used - 1)};t=${secondsLeft}`);
      if (used >= perMinute) {
        throw new AppError("rate_limited", `This API key may send ${perMinute} requests a minute. Retry later.`, {
          retryAfterSeconds: secondsLeft,
        });
      }
      count.unsent += 1;
      if (count.inFlight === 0) void send(`haven:key-rate:{${keyId}}:${currentIndex}`, count);
    },
  };
}

export type KeyLimit = ReturnType<typeof createKeyLimit>;

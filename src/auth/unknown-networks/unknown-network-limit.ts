import { createHash, randomUUID } from "node:crypto";
import { AppError } from "../../core/errors/app-error.ts";
import { networkOf } from "../../core/network/ip-address.ts";
import { loadLuaScript } from "../../redis/lua-script.ts";
import type { RedisAccess } from "../../redis/redis-access.ts";

export type UnknownNetworkLimitDeps = { redis: RedisAccess; perMinute: number };

const windowMs = 3_600_000;
const maxNetworks = 50;
const forgetAfterMs = 90 * 86_400_000;

const scripts = {
  count: loadLuaScript(new URL("./count-unknown-network.lua", import.meta.url)),
  remember: loadLuaScript(new URL("./remember-network.lua", import.meta.url)),
};

/**
 * Limits the attempts to sign in to an account from unknown networks, against botnets, which use many addresses. A
 * network is known to the account after a sign-in, or a reset of the password, from that network. All unknown networks
 * share one limit. Known networks are not limited, so the owner is never locked out. The limit of an email address
 * applies whether or not the address has an account.
 */
export function createUnknownNetworkLimit({ redis, perMinute }: UnknownNetworkLimitDeps) {
  /** In an hour, all unknown networks together may make as many attempts as one address may make in ten minutes. */
  const maxAttempts = 10 * perMinute;

  return {
    /** Throws 429 after too many attempts from unknown networks. */
    async attempt(address: string, email: string): Promise<void> {
      if (perMinute === 0) return;
      const args = [networkOf(address), windowMs, maxAttempts, randomUUID()];
      const waitMs = Number(await redis.write((client) => scripts.count(client, keysOf(email), args)));
      if (waitMs <= 0) return;
      throw new AppError(
        "rate_limited",
        "Too many attempts to sign in to this account from unknown networks. Reset the password, or retry later.",
        { retryAfterSeconds: Math.ceil(waitMs / 1000) },
      );
    },

    /** Remembers the network of a successful sign-in. If this fails, the next successful sign-in does it. */
    remember(address: string, email: string): void {
      if (perMinute === 0) return;
      const args = [networkOf(address), maxNetworks, forgetAfterMs];
      redis.write((client) => scripts.remember(client, keysOf(email).slice(0, 1), args)).catch(() => undefined);
    },

    /** Deletes the known networks of a deleted account. If this fails, they expire after `forgetAfterMs`. */
    forget(email: string): void {
      redis.write((client) => client.del(...keysOf(email).slice(0, 1))).catch(() => undefined);
    },
  };
}

export type UnknownNetworkLimit = ReturnType<typeof createUnknownNetworkLimit>;

/** The part in braces selects the slot of a Redis Cluster, so that both keys are on one node. */
function keysOf(email: string): string[] {
  const account = createHash("sha256").update(email).digest("base64url").slice(0, 22);
  return [`haven:networks:{${account}}`, `haven:strangers:{${account}}`];
}

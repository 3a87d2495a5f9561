import { randomBytes } from "node:crypto";
import { idPrefixAt, uuidv7 } from "../core/ids.ts";
import type { Role } from "../core/role.ts";
import type { RedisClient } from "../redis/client.ts";
import { loadLuaScript } from "../redis/lua-script.ts";
import type { RedisAccess } from "../redis/redis-access.ts";
import type { RememberedSession, SessionCache } from "./session-cache.ts";

/** The client that started a session. */
export type SessionClient = { device: string; address: string };

export type NewSession = { id: string; seed: string; generation: number; endsInMs: number; evicted: readonly string[] };

/** The values from which the tokens of a session are derived. */
export type SessionSeed = { seed: string; cookieHash: string };

export type SessionView = {
  id: string;
  device: string;
  address: string;
  createdAt: Date;
  lastSeenAt: Date;
  expiresAt: Date;
};

export type Rotation =
  | { outcome: "rotated" | "repeated"; generation: number; endsInMs: number }
  | { outcome: "reused" }
  | { outcome: "not_active" };

/**
 * The sessions to revoke. `allBut` is the id of the session to keep, or empty to keep none. `begunBefore` is a time of
 * the database's clock, like the time in a session's id.
 */
export type Revocation = { ids: readonly string[] } | { allBut: string; begunBefore?: Date | undefined };

export type SessionLimits = { idleSeconds: number; maxAgeSeconds: number };

export type StoreDeps = {
  redis: RedisAccess;
  limits: SessionLimits;
  /** Sessions that have been read over the connection of `redis.read`. */
  cache?: SessionCache | undefined;
  /** Waits until all instances refuse the revoked sessions. Undefined for background work, which does not wait. */
  confirmRevocation?: (() => Promise<void>) | undefined;
};

/** The part in braces selects the slot of a Redis Cluster, so that all keys of a user are on one node. */
const sessionKey = (userId: string, sessionId: string): string => `haven:{${userId}}:session:${sessionId}`;

const indexKey = (userId: string): string => `haven:{${userId}}:sessions`;

export const maxSessionsPerUser = 20;
const maxTouchIntervalMs = 60_000;
/** How long after a rotation the previous refresh token still returns the current one. */
export const retryWindowMs = 10_000;

const scripts = {
  create: loadLuaScript(new URL("./create.lua", import.meta.url)),
  lookUp: loadLuaScript(new URL("./look-up.lua", import.meta.url)),
  touch: loadLuaScript(new URL("./touch.lua", import.meta.url)),
  rotate: loadLuaScript(new URL("./rotate.lua", import.meta.url)),
  revoke: loadLuaScript(new URL("./revoke.lua", import.meta.url)),
  list: loadLuaScript(new URL("./list.lua", import.meta.url)),
};

/** Reads a session from Redis, without the cache. */
export const readSession = (client: RedisClient, key: string, touchIntervalMs: number): Promise<unknown> =>
  scripts.lookUp(client, [key], [touchIntervalMs]);

/**
 * Sessions in Redis. Each change is one script and one round trip, can be repeated after a time-out, and never
 * recreates a session that has ended. Scripts use the clock of Redis, because the clocks of instances differ. A session
 * is a hash: seed, gen, rotated, cookie, role, device, address, created, seen, ends, and suspended if a refresh token
 * was reused (times in ms).
 */
export function createSessionStore({ redis, limits, cache, confirmRevocation }: StoreDeps) {
  const idleMs = limits.idleSeconds * 1000;
  const maxAgeMs = limits.maxAgeSeconds * 1000;
  const touchIntervalMs = Math.min(maxTouchIntervalMs, idleMs / 4);
  const keysOf = (userId: string, sessionId: string) => [sessionKey(userId, sessionId), indexKey(userId)];

  const read = async (key: string): Promise<RememberedSession | undefined> => {
    const sentAt = performance.now();
    const reply = await redis.read((client) => readSession(client, key, touchIntervalMs));
    const [role, cookieHash, touchDueInMs, endsInMs] = Array.isArray(reply) ? reply : [];
    if (role !== "admin" && role !== "member") return undefined;
    return {
      role,
      cookieHash: String(cookieHash),
      touchDueAt: sentAt + Number(touchDueInMs),
      endsAt: sentAt + Number(endsInMs),
    };
  };

  const readAndRemember = async (key: string): Promise<RememberedSession | undefined> => {
    const reading = cache?.beginRead(key);
    let session: RememberedSession | undefined;
    try {
      session = await read(key);
      return session;
    } finally {
      if (reading !== undefined) cache?.endRead(reading, session);
    }
  };

  /**
   * Extends the session by the idle limit. The write is not awaited, so that sessions can be looked up while Redis
   * refuses writes. If it fails, the next request retries it.
   */
  const touchIfDue = (session: RememberedSession, userId: string, sessionId: string): void => {
    if (performance.now() < session.touchDueAt) return;
    session.touchDueAt = Number.POSITIVE_INFINITY;
    redis
      .write((client) => scripts.touch(client, keysOf(userId, sessionId), [sessionId, idleMs]))
      .catch(() => {
        session.touchDueAt = 0;
      });
  };

  /** Removes sessions from the cache, and waits until the other instances have confirmed that they refuse them. */
  const forget = async (userId: string, ids: readonly string[]): Promise<void> => {
    for (const id of ids) cache?.invalidate(sessionKey(userId, id));
    await confirmRevocation?.();
  };

  return {
    /** Throws if Redis is unavailable. Called before work that would be useless without Redis. */
    async assertReachable(): Promise<void> {
      await redis.write((client) => client.exists("haven:reachable"));
    },

    /** `begunAt` is a time of the database's clock, because it is compared with a cut-off in the database. */
    async create(
      userId: string,
      role: Role,
      sessionClient: SessionClient,
      begunAt: Date,
      cookieHashOf: (id: string, seed: string) => string,
    ): Promise<NewSession> {
      const id = uuidv7(begunAt.getTime());
      const seed = randomBytes(16).toString("base64url");
      const cookie = cookieHashOf(id, seed);
      const fields = Object.entries({ seed, gen: 0, rotated: 0, cookie, role, ...sessionClient });
      const args = [id, idleMs, maxAgeMs, maxSessionsPerUser, sessionKey(userId, ""), ...fields.flat()];
      const reply = await redis.write((client) => scripts.create(client, keysOf(userId, id), args));
      const evicted = texts(reply);
      if (evicted.length > 0) await forget(userId, evicted);
      return { id, seed, generation: 0, endsInMs: maxAgeMs, evicted };
    },

    /**
     * Looks up and checks a session, in the cache if it is there. Returns the role, or undefined if the session is not
     * active. The idle time is extended at most once per interval, so that most requests write nothing.
     */
    async lookUp(userId: string, sessionId: string, cookieHash = ""): Promise<Role | undefined> {
      const key = sessionKey(userId, sessionId);
      const session = cache?.get(key) ?? (await readAndRemember(key));
      if (session === undefined || (cookieHash !== "" && cookieHash !== session.cookieHash)) return undefined;
      touchIfDue(session, userId, sessionId);
      return session.role;
    },

    async seedOf(userId: string, sessionId: string): Promise<SessionSeed | undefined> {
      const read = (client: RedisClient) => client.hmget(sessionKey(userId, sessionId), "seed", "cookie");
      const [seed, cookieHash] = await redis.read(read);
      return seed && cookieHash ? { seed, cookieHash } : undefined;
    },

    async rotate(userId: string, sessionId: string, generation: number, role: Role): Promise<Rotation> {
      const args = [sessionId, generation, idleMs, retryWindowMs, role];
      const reply = await redis.write((client) => scripts.rotate(client, keysOf(userId, sessionId), args));
      const [outcome, current, endsInMs] = Array.isArray(reply) ? reply : [];
      if (outcome === "rotated" || outcome === "repeated")
        return { outcome, generation: Number(current), endsInMs: Number(endsInMs) };
      return { outcome: outcome === "reused" ? "reused" : "not_active" };
    },

    /** Returns the ids of the sessions that were active. */
    async revoke(userId: string, which: Revocation): Promise<string[]> {
      const ids = "ids" in which ? which.ids : [];
      // Without ids the script would revoke all sessions.
      if ("ids" in which && ids.length === 0) return [];
      const keptId = "allBut" in which ? which.allBut : "";
      const cutOff = "allBut" in which && which.begunBefore ? idPrefixAt(which.begunBefore) : "";
      const args = [sessionKey(userId, ""), keptId, cutOff, ...ids];
      const revoked = texts(await redis.write((client) => scripts.revoke(client, [indexKey(userId)], args)));
      await forget(userId, [...ids, ...revoked]);
      return revoked;
    },

    async list(userId: string): Promise<SessionView[]> {
      const reply = await redis.read((client) => scripts.list(client, [indexKey(userId)], [sessionKey(userId, "")]));
      return (Array.isArray(reply) ? reply : [])
        .map(texts)
        .map(([id = "", device = "", address = "", created, seen, ends]) => ({
          id,
          device,
          address,
          createdAt: new Date(Number(created)),
          lastSeenAt: new Date(Number(seen)),
          expiresAt: new Date(Number(ends)),
        }));
    },
  };
}

export type SessionStore = ReturnType<typeof createSessionStore>;

const texts = (reply: unknown): string[] => (Array.isArray(reply) ? reply.map(String) : []);

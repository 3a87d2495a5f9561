import { randomBytes } from "node:crypto";
import type { Clock } from "../core/clock.ts";
import { uuidv7 } from "../core/ids.ts";
import type { RedisAccess } from "../redis/access.ts";
import type { RedisClient } from "../redis/client.ts";
import { defineScript } from "../redis/script.ts";
import { indexKey, sessionKey } from "./keys.ts";
import { createScript, listScript, lookUpScript, revokeScript, rotateScript } from "./scripts.ts";

export type Role = "member" | "admin";

/** Where a session was begun. */
export type Origin = { device: string; address: string };

export type NewSession = { id: string; seed: string; generation: number; endsAt: number; evicted: readonly string[] };

export type SessionOrigin = { seed: string; cookieHash: string; endsAt: number };

export type SessionView = {
  id: string;
  device: string;
  address: string;
  createdAt: number;
  lastSeenAt: number;
  endsAt: number;
};

export type Rotation =
  | { outcome: "rotated" | "repeated"; generation: number }
  | { outcome: "reused" }
  | { outcome: "gone" };

export type SessionLimits = { idleSeconds: number; maxAgeSeconds: number };

export type StoreDeps = { redis: RedisAccess; clock: Clock; limits: SessionLimits };

const sessionsForEachUser = 20;
const touchEveryMs = 60_000;
const repeatWithinMs = 10_000;

const scripts = {
  create: defineScript(createScript),
  lookUp: defineScript(lookUpScript),
  rotate: defineScript(rotateScript),
  revoke: defineScript(revokeScript),
  list: defineScript(listScript),
};

/** Sessions as Redis keeps them. Every change is one script, and one round trip. */
export function createSessionStore({ redis, clock, limits }: StoreDeps) {
  const idleMs = limits.idleSeconds * 1000;
  const maxAgeMs = limits.maxAgeSeconds * 1000;
  const touchMs = Math.min(touchEveryMs, idleMs / 4);
  const now = () => Math.round(clock.now());
  const keysOf = (userId: string, sessionId: string) => [sessionKey(userId, sessionId), indexKey(userId)];

  return {
    /** Fails where Redis is away; asked before work that would be in vain. */
    async assertReachable(): Promise<void> {
      await redis.run((client) => client.exists("haven:reachable"));
    },

    async create(
      userId: string,
      role: Role,
      origin: Origin,
      cookieHashOf: (id: string, seed: string) => string,
    ): Promise<NewSession> {
      const id = uuidv7();
      const seed = randomBytes(16).toString("base64url");
      const at = now();
      const endsAt = at + maxAgeMs;
      const fields = Object.entries({
        seed,
        gen: 0,
        rotated: 0,
        cookie: cookieHashOf(id, seed),
        role,
        ...origin,
        created: at,
        seen: at,
        ends: endsAt,
      });
      const args = [id, at, idleMs, endsAt, sessionsForEachUser, sessionKey(userId, ""), ...fields.flat()];
      const evicted = await redis.run((client) => scripts.create(client, keysOf(userId, id), args));
      return { id, seed, generation: 0, endsAt, evicted: texts(evicted) };
    },

    /** Looks up, checks and touches. The role it has now, or nothing where it is gone. */
    async lookUp(userId: string, sessionId: string, cookieHash = ""): Promise<Role | undefined> {
      const args = [sessionId, now(), idleMs, touchMs, cookieHash];
      const role = await redis.run((client) => scripts.lookUp(client, keysOf(userId, sessionId), args));
      return role === "admin" || role === "member" ? role : undefined;
    },

    /** What tokens of this session are made of. */
    async originOf(userId: string, sessionId: string): Promise<SessionOrigin | undefined> {
      const read = (client: RedisClient) => client.hmget(sessionKey(userId, sessionId), "seed", "cookie", "ends");
      const [seed, cookieHash, ends] = await redis.run(read);
      return seed && cookieHash && ends ? { seed, cookieHash, endsAt: Number(ends) } : undefined;
    },

    async rotate(userId: string, sessionId: string, generation: number, role: Role): Promise<Rotation> {
      const args = [sessionId, generation, now(), idleMs, repeatWithinMs, role];
      const reply = await redis.run((client) => scripts.rotate(client, keysOf(userId, sessionId), args));
      const [outcome, current] = Array.isArray(reply) ? reply : [];
      if (outcome === "rotated" || outcome === "repeated") return { outcome, generation: Number(current) };
      return { outcome: outcome === "reused" ? "reused" : "gone" };
    },

    /** Revokes the sessions named, or all but one; says which were there. */
    async revoke(userId: string, which: { ids: readonly string[] } | { allBut: string }): Promise<string[]> {
      const ids = "ids" in which ? which.ids : [];
      const kept = "allBut" in which ? which.allBut : "";
      const args = [sessionKey(userId, ""), kept, ...ids];
      return texts(await redis.run((client) => scripts.revoke(client, [indexKey(userId)], args)));
    },

    async list(userId: string): Promise<SessionView[]> {
      const reply = await redis.run((client) => scripts.list(client, [indexKey(userId)], [sessionKey(userId, "")]));
      return (Array.isArray(reply) ? reply : [])
        .map(texts)
        .map(([id = "", device = "", address = "", created, seen, ends]) => ({
          id,
          device,
          address,
          createdAt: Number(created),
          lastSeenAt: Number(seen),
          endsAt: Number(ends),
        }));
    },
  };
}

export type SessionStore = ReturnType<typeof createSessionStore>;

const texts = (reply: unknown): string[] => (Array.isArray(reply) ? reply.map(String) : []);

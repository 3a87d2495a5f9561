import { randomUUID } from "node:crypto";
import { Cluster } from "ioredis";
import type { RedisClient } from "../redis/client.ts";
import { keySlot } from "../redis/key-slot.ts";
import { createSessionStore } from "./session-store.ts";

const limits = { idleSeconds: 60, maxAgeSeconds: 60 };
const maxTags = 4096;

/** Creates the health checks of Redis. They run the session scripts on keys of their own, which expire. */
export function createSessionChecks() {
  const boot = randomUUID();
  const userOf = (tag: number) => `check-${boot}-${tag}`;

  /** Returns one invented user for each master of a cluster. The keys of each user are on a different master. */
  const usersFor = (client: RedisClient): string[] => {
    if (!(client instanceof Cluster)) return [userOf(0)];
    const byMaster = new Map<string, string>();
    const masters = new Set(client.slots.flatMap((nodes) => nodes?.slice(0, 1) ?? []));
    for (let tag = 0; tag < maxTags && byMaster.size < masters.size; tag += 1) {
      const master = client.slots[keySlot(userOf(tag))]?.[0];
      if (master !== undefined && !byMaster.has(master)) byMaster.set(master, userOf(tag));
    }
    return [...byMaster.values()];
  };

  const storeOf = (client: RedisClient) => {
    const run = <T>(work: (connection: RedisClient) => Promise<T>) => work(client);
    return createSessionStore({ redis: { read: run, write: run }, limits });
  };

  return {
    async read(client: RedisClient): Promise<void> {
      const store = storeOf(client);
      const checkUser = (user: string) => Promise.all([store.lookUp(user, boot), store.list(user)]);
      await Promise.all(usersFor(client).map(checkUser));
    },
    /** Begins a session, rotates it and revokes it. */
    async write(client: RedisClient): Promise<void> {
      const store = storeOf(client);
      const checkUser = async (user: string): Promise<void> => {
        const session = await store.create(user, "member", { device: "check", address: "" }, new Date(), () => "");
        await store.rotate(user, session.id, session.generation, "member");
        await store.revoke(user, { ids: [session.id] });
      };
      await Promise.all(usersFor(client).map(checkUser));
    },
  };
}

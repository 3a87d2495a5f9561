import { randomUUID } from "node:crypto";
import { Cluster } from "ioredis";
import type { RedisClient } from "../redis/client.ts";
import { keySlot } from "../redis/key-slot.ts";
import { createSessionStore } from "./session-store.ts";

const limits = { idleSeconds: 60, maxAgeSeconds: 60 };
const maxTags = 4096;

/** Creates the checks of Redis, which run the scripts of sessions on separate keys that expire. */
export function createSessionChecks() {
  const boot = randomUUID();
  const userOf = (tag: number) => `check-${boot}-${tag}`;

  /** Returns one user for each master of a cluster, whose keys are in a slot of that master. */
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
      const prove = (user: string) => Promise.all([store.lookUp(user, boot), store.list(user)]);
      await Promise.all(usersFor(client).map(prove));
    },
    /** Begins a session, rotates it and revokes it. */
    async write(client: RedisClient): Promise<void> {
      const store = storeOf(client);
      const prove = async (user: string): Promise<void> => {
        const begun = await store.create(user, "member", { device: "check", address: "" }, new Date(), () => "");
        await store.rotate(user, begun.id, begun.generation, "member");
        await store.revoke(user, { ids: [begun.id] });
      };
      await Promise.all(usersFor(client).map(prove));
    },
  };
}

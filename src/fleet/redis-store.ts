import { z } from "zod";
import { loadLuaScript } from "../redis/lua-script.ts";
import type { RedisAccess } from "../redis/redis-access.ts";
import type { FleetStore, OwnEntry } from "./fleet-store.ts";

/** A single key, because a script of a Redis Cluster can reach the keys of one slot only. */
export const fleetKey = "haven:fleet";

const heartbeatScript = loadLuaScript(new URL("./heartbeat.lua", import.meta.url));

const replySchema = z.array(z.string());

/** Creates a store that is one hash with a field for each instance. The hash expires when no instance writes to it. */
export function createRedisStore(redis: RedisAccess, keepMs: number): FleetStore {
  const run = ({ boot, beat, heartbeat }: OwnEntry, mode: "read" | "write") =>
    redis.write((client) => heartbeatScript(client, [fleetKey], [boot, beat, heartbeat, keepMs, mode]));
  return {
    name: "redis",
    async write(entry) {
      await run(entry, "write");
    },
    async writeAndRead(entry) {
      const flat = replySchema.parse(await run(entry, "read"));
      return Array.from({ length: Math.floor(flat.length / 3) }, (_, index) => {
        const [boot = "", ageMs, heartbeat = ""] = flat.slice(index * 3, index * 3 + 3);
        return { boot, ageMs: Number(ageMs), heartbeat };
      });
    },
    async remove(boot) {
      await redis.write((client) => client.hdel(fleetKey, boot));
    },
  };
}

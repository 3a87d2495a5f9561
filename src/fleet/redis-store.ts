import type { FleetStore } from "../kit/fleet/fleet-store.ts";
import { createRedisStore as createStore, heartbeatScript } from "../kit/fleet/redis-store.ts";
import { defineLuaScript } from "../redis/lua-script.ts";
import type { RedisAccess } from "../redis/redis-access.ts";

export const fleetKey = "haven:fleet";

const runScript = defineLuaScript(heartbeatScript, "heartbeat");

/** Creates the fleet store of the kit, on the connections and breakers of this server. */
export const createRedisStore = (redis: RedisAccess, keepMs: number): FleetStore =>
  createStore({
    run: (keys, args) => redis.write((client) => runScript(client, keys, args)),
    removeField: (key, field) => redis.write((client) => client.hdel(key, field)),
    key: fleetKey,
    keepMs,
  });

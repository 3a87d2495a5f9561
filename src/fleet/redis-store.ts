import { z } from "zod";
import type { RedisAccess } from "../redis/access.ts";
import { defineScript } from "../redis/script.ts";
import type { FleetStore, Mine } from "./store.ts";

/** One key, so that a cluster has all of it in one place. */
export const fleetKey = "haven:fleet";

// KEYS: the fleet. ARGV: my boot, its beat, my heartbeat, how long an entry is kept (ms).
// Ages come from one clock, the server's; an entry is its time, its beat and what was said.
const write = `
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  local before = string.match(redis.call('HGET', KEYS[1], ARGV[1]) or '', '^%d+ (%d+) ')
  if not before or tonumber(before) < tonumber(ARGV[2]) then
    redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f %s %s', now, ARGV[2], ARGV[3]))
    redis.call('PEXPIRE', KEYS[1], ARGV[4] * 4)
  end`;

const tell = defineScript(`${write}\n  return 1`);

const tellAndAsk = defineScript(`${write}
  local all, fresh, keep = redis.call('HGETALL', KEYS[1]), {}, tonumber(ARGV[4])
  for i = 1, #all, 2 do
    local time, said = string.match(all[i + 1], '^(%d+) %d+ (.*)$')
    local at = tonumber(time or '')
    if all[i] == ARGV[1] then
      -- mine
    elseif at and math.abs(now - at) <= keep then
      fresh[#fresh + 1] = all[i]
      fresh[#fresh + 1] = string.format('%.0f', now - at)
      fresh[#fresh + 1] = said
    else
      redis.call('HDEL', KEYS[1], all[i])
    end
  end
  return fresh`);

const reply = z.array(z.string());

/** One hash in which each instance has a field; it expires when nobody writes any more. */
export function createRedisStore(redis: RedisAccess, keepMs: number): FleetStore {
  const valuesOf = ({ boot, beat, heartbeat }: Mine) => [boot, beat, heartbeat, keepMs];
  return {
    name: "redis",
    async tell(mine) {
      await redis.run((client) => tell(client, [fleetKey], valuesOf(mine)));
    },
    async tellAndAsk(mine) {
      const flat = reply.parse(await redis.run((client) => tellAndAsk(client, [fleetKey], valuesOf(mine))));
      return Array.from({ length: Math.floor(flat.length / 3) }, (_, index) => {
        const [other = "", age, said = ""] = flat.slice(index * 3, index * 3 + 3);
        return { boot: other, ageMs: Number(age), heartbeat: said };
      });
    },
    async leave(boot) {
      await redis.run((client) => client.hdel(fleetKey, boot));
    },
  };
}

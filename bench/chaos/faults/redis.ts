import { askRedis } from "../../../test/shared/servers/stores/redis-servers.ts";
import { breakerMs, type Fault, storeBounds } from "./fault.ts";
import { onPathOfAllInstances, onPathOfOneInstance } from "./path.ts";

const bounds = { readsFailForMs: breakerMs, noRequestFails: true, falseReadyWithinMs: storeBounds.falseReadyWithinMs };

export const redisFaults: readonly Fault[] = [
  {
    name: "redis-killed",
    title: "Redis killed",
    description: "Redis gets SIGKILL and is started again some seconds later, with the data of its append-only file.",
    holdMs: 6000,
    inject: ({ redis }) => redis.stop(),
    undo: ({ redis }) => redis.start(),
    bounds,
    alsoOnPeer: true,
    quick: true,
  },
  {
    name: "redis-frozen",
    title: "Redis frozen",
    description:
      "Redis gets SIGSTOP: its connections stay open, but it does not answer. Then it resumes and processes the queued commands.",
    holdMs: 8000,
    inject: async ({ redis }) => redis.freeze(),
    undo: async ({ redis }) => redis.thaw(),
    bounds,
    alsoOnPeer: true,
  },
  {
    name: "redis-flushed",
    title: "Redis flushed",
    description:
      "All data in Redis is deleted. All sessions are lost: 401 is the correct answer, and all users sign in again.",
    inject: ({ redis }) => askRedis(redis.port, "flushall"),
    bounds,
  },
  {
    name: "redis-hole",
    title: "Redis black-holed for all",
    description: "Packets from the instances to Redis are lost.",
    holdMs: 8000,
    ...onPathOfAllInstances("redis", "hole"),
    bounds,
  },
  {
    name: "redis-hole-one",
    title: "Redis black-holed for one instance",
    description: "Packets from one instance to Redis are lost; the other instances are not affected.",
    holdMs: 8000,
    ...onPathOfOneInstance("redis", "hole"),
    bounds,
  },
];

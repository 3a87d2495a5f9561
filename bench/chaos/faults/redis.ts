import { askRedis } from "../../../test/shared/servers/redis-servers.ts";
import { breakerMs, type Fault } from "./fault.ts";
import { ofAll, ofOne } from "./path.ts";

const bounds = { readsFailForMs: breakerMs, noRequestFails: true };

export const redisFaults: readonly Fault[] = [
  {
    name: "redis-killed",
    title: "Redis killed",
    says: "Redis gets SIGKILL and is started again some seconds later, with what its log on disk has.",
    holdMs: 6000,
    inject: ({ redis }) => redis.stop(),
    undo: ({ redis }) => redis.start(),
    bounds,
    quick: true,
  },
  {
    name: "redis-frozen",
    title: "Redis frozen",
    says: "Redis gets SIGSTOP: connections stay open, nothing is answered. Then it resumes and processes what was queued.",
    holdMs: 8000,
    inject: async ({ redis }) => redis.freeze(),
    undo: async ({ redis }) => redis.thaw(),
    bounds,
  },
  {
    name: "redis-flushed",
    title: "Redis flushed",
    says: "Everything in Redis is deleted. All sessions are gone: 401 is the right answer, and all users sign in again.",
    inject: ({ redis }) => askRedis(redis.port, "flushall"),
    bounds,
  },
  {
    name: "redis-hole",
    title: "Redis black-holed for all",
    says: "What the instances send to Redis arrives nowhere.",
    holdMs: 8000,
    ...ofAll("redis", "hole"),
    bounds,
  },
  {
    name: "redis-hole-one",
    title: "Redis black-holed for one instance",
    says: "What one instance sends to Redis arrives nowhere; the others are well.",
    holdMs: 8000,
    ...ofOne("redis", "hole"),
    bounds,
  },
];

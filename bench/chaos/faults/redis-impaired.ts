import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../../../test/shared/eventually.ts";
import { askRedis, type RedisServer } from "../../../test/shared/servers/stores/redis-servers.ts";
import { breakerMs, type Fault, storeBounds } from "./fault.ts";

const bounds = { ...storeBounds, readsFailForMs: breakerMs, noRequestFails: true };
const holdMs = 10_000;

const withCommand = (on: readonly string[], off: readonly string[]): Pick<Fault, "inject" | "undo"> => ({
  inject: ({ redis }) => run(redis, on),
  undo: ({ redis }) => run(redis, off),
});
const run = ({ port }: RedisServer, [command = "", ...args]: readonly string[]) => askRedis(port, command, ...args);

const waitForInfo = ({ port }: RedisServer, section: string, line: string, withinMs = 10_000) =>
  eventually(
    () => askRedis(port, "info", section).catch(String),
    (info) => String(info).includes(line),
    withinMs,
    50,
  );

/** Returns the path at which Redis saves its snapshots. While a folder is at this path, every save fails. */
const dumpFileOf = async ({ port }: RedisServer) => {
  const settings = await askRedis(port, "config", "get", "dir");
  return join(Array.isArray(settings) ? String(settings[1]) : "", "dump.rdb");
};

async function save(redis: RedisServer, status: "ok" | "err"): Promise<void> {
  await askRedis(redis.port, "bgsave");
  await waitForInfo(redis, "persistence", `rdb_bgsave_in_progress:0\r\nrdb_last_save_time`);
  await waitForInfo(redis, "persistence", `rdb_last_bgsave_status:${status}`);
}

const ballastKeys = 100_000;

/** Faults in which Redis answers but does not do its work. */
export const redisImpairments: readonly Fault[] = [
  {
    name: "redis-out-of-memory",
    title: "Redis out of memory",
    description:
      "The limit maxmemory is reached, and nothing may be evicted. Reads are answered, writes get the error OOM.",
    holdMs,
    ...withCommand(["config", "set", "maxmemory", "1"], ["config", "set", "maxmemory", "0"]),
    bounds,
    alsoOnPeer: true,
  },
  {
    name: "redis-no-replicas",
    title: "Redis without its replicas",
    description:
      "Writes need a replica (min-replicas-to-write), and there is none. Reads are answered, writes get the error NOREPLICAS.",
    holdMs,
    ...withCommand(["config", "set", "min-replicas-to-write", "1"], ["config", "set", "min-replicas-to-write", "0"]),
    bounds,
    alsoOnPeer: true,
  },
  {
    name: "redis-misconf",
    title: "Redis cannot save",
    description: "A snapshot to the disk fails. Reads are answered, writes get the error MISCONF.",
    holdMs,
    async inject({ redis }) {
      mkdirSync(await dumpFileOf(redis));
      await askRedis(redis.port, "config", "set", "save", "3600 1");
      await save(redis, "err");
    },
    async undo({ redis }) {
      rmSync(await dumpFileOf(redis), { recursive: true });
      await save(redis, "ok");
      await askRedis(redis.port, "config", "set", "save", "");
    },
    bounds,
    alsoOnPeer: true,
  },
  {
    name: "redis-writes-paused",
    title: "Redis pauses writes",
    description: "CLIENT PAUSE WRITE, as in a managed failover: reads are answered, writes wait without an answer.",
    holdMs,
    ...withCommand(["client", "pause", "60000", "write"], ["client", "unpause"]),
    bounds,
    alsoOnPeer: true,
  },
  {
    name: "redis-replica",
    title: "Redis turned into a replica",
    description:
      "REPLICAOF makes Redis follow a primary that is unreachable. Reads are answered, writes get the error READONLY.",
    holdMs,
    ...withCommand(["replicaof", "127.0.0.1", "1"], ["replicaof", "no", "one"]),
    bounds,
    alsoOnPeer: true,
  },
  {
    name: "redis-forbidden",
    title: "Redis forbids scripts",
    description:
      "An ACL withdraws the right to run scripts. Other commands are answered, scripts get the error NOPERM.",
    holdMs,
    ...withCommand(["acl", "setuser", "default", "-@scripting"], ["acl", "setuser", "default", "+@all"]),
    bounds,
    alsoOnPeer: true,
  },
  {
    name: "redis-loading",
    title: "Redis loads a large dump",
    description:
      "Redis is killed and started again at once. It loads its data for some seconds, and answers LOADING until then.",
    async prepare({ redis }) {
      await askRedis(redis.port, "debug", "populate", ballastKeys, "ballast", 10).catch(() => undefined);
      await waitForInfo(redis, "keyspace", "keys=100");
      await askRedis(redis.port, "bgrewriteaof");
      await waitForInfo(redis, "persistence", "aof_rewrite_in_progress:1", 5000).catch(() => undefined);
      await waitForInfo(redis, "persistence", "aof_rewrite_in_progress:0", 60_000);
    },
    async inject({ redis }) {
      await redis.stop();
      await redis.start();
    },
    bounds,
    alsoOnPeer: true,
  },
];

import { hostname } from "node:os";
import type { Check } from "../health/check.ts";
import { type CheckOptions, withDefaults } from "./check-options.ts";
import { createOwnConnection } from "./own-connection.ts";

/**
 * A client of ioredis, for a single server or a cluster.
 * @example const client: IoredisClient = new Redis(process.env["REDIS_URL"] ?? "");
 */
export type IoredisClient = {
  /** Sends one command. */
  call(command: string, ...args: string[]): Promise<unknown>;
  /** Closes the connection at once. */
  disconnect(): unknown;
  /** Reports errors of the connection. */
  on(event: "error", listener: (error: Error) => void): unknown;
};

/**
 * A client of node-redis (the package `redis`) that is not connected yet.
 * @example const client: NodeRedisClient = createClient({ url: process.env["REDIS_URL"] });
 */
export type NodeRedisClient = {
  /** Opens the connection. */
  connect(): Promise<unknown>;
  /** Sends one command. */
  sendCommand(args: string[]): Promise<unknown>;
  /** Closes the connection at once (node-redis 5 and later). */
  destroy?(): unknown;
  /** Closes the connection at once (node-redis 4). */
  disconnect?(): unknown;
  /** Reports errors of the connection. */
  on(event: "error", listener: (error: Error) => void): unknown;
};

/**
 * A client of ioredis or of node-redis.
 * @example const create: () => RedisClient = () => new Redis(process.env["REDIS_URL"] ?? "");
 */
export type RedisClient = IoredisClient | NodeRedisClient;

/**
 * The options of `redisCheck`.
 * @example const options: RedisCheckOptions = { client: () => new Redis(), write: { critical: true } };
 */
export type RedisCheckOptions = CheckOptions & {
  /** Creates a client that only this check uses. */
  client: () => RedisClient;
  /**
   * Also checks that a write is accepted, and reports the result as the capability `write`. Not critical unless set,
   * because reads can still be served.
   */
  write?: boolean | { critical?: boolean };
  /** The prefix of the key that is read and written; "health:" unless set. */
  keyPrefix?: string;
};

/**
 * Proves that Redis answers a read and, with `write`, that it accepts a write: a server that is full, read-only or
 * without its replicas still answers PING.
 * @example
 * import { Redis } from "ioredis";
 * const check = redisCheck({ client: () => new Redis(process.env["REDIS_URL"]), write: true });
 * @example
 * import { createClient } from "redis";
 * const check = redisCheck({ client: () => createClient({ url: process.env["REDIS_URL"] }) });
 */
export function redisCheck(options: RedisCheckOptions): Check {
  const { name = "redis", write, keyPrefix = "health:" } = options;
  const key = `${keyPrefix}${hostname()}:${process.pid}`;
  const reader = connectionOf(options.client);
  const read = {
    ...withDefaults(options),
    run: (signal: AbortSignal) => reader.use(signal, (client) => send(client, "GET", key)),
  };
  if (write === undefined || write === false) return { name, ...read, close: reader.close };
  const writer = connectionOf(options.client);
  return {
    name,
    capabilities: {
      read,
      write: {
        critical: write === true ? false : (write.critical ?? false),
        run: (signal) => writer.use(signal, (client) => send(client, "SET", key, "1", "PX", keyLifetimeMs)),
      },
    },
    close() {
      reader.close();
      writer.close();
    },
  };
}

const keyLifetimeMs = "600000";

const isIoredis = (client: RedisClient): client is IoredisClient => "call" in client;

const connectionOf = (create: () => RedisClient) =>
  createOwnConnection({
    create(onError) {
      const client = create();
      client.on("error", onError);
      return client;
    },
    // ioredis connects by itself, and queues commands until then.
    connect: async (client: RedisClient) => (isIoredis(client) ? undefined : client.connect()),
    destroy(client) {
      if (isIoredis(client)) client.disconnect();
      else void (client.destroy ?? client.disconnect)?.call(client);
    },
  });

const send = (client: RedisClient, command: string, ...args: string[]): Promise<unknown> =>
  isIoredis(client) ? client.call(command, ...args) : client.sendCommand([command, ...args]);

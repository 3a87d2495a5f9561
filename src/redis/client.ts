import { Cluster, Redis } from "ioredis";
import type { RedisTarget } from "../config/read-config.ts";

export type RedisLimits = { connectTimeoutMs: number; commandTimeoutMs: number };

export type RedisClient = Redis | Cluster;

/**
 * One client for a URL, a host, Sentinel or Cluster. A command is answered, refused at once, or given up at its time
 * limit: nothing is queued while the connection is away and nothing is sent twice.
 */
export function createRedis(
  target: RedisTarget,
  limits: RedisLimits,
  connectionName: string,
  overrides: Overrides = {},
): RedisClient {
  const client = build(target, { ...connectionOptions(limits, connectionName), ...overrides });
  // Without a listener ioredis prints to the console; who needs to know asks the health check or the breaker.
  client.on("error", () => undefined);
  return client;
}

function connectionOptions(limits: RedisLimits, connectionName: string) {
  return {
    connectionName,
    connectTimeout: limits.connectTimeoutMs,
    commandTimeout: limits.commandTimeoutMs,
    // How long the far end may take to close: a frozen one never does, and the next attempt waits for it.
    disconnectTimeout: limits.commandTimeoutMs,
    // A connection that stays silent after a command is dead; the commands behind it must not wait for it in turn.
    socketTimeout: limits.commandTimeoutMs * 2,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    // ioredis lets go of the promise of that; its failure would end the process.
    autoResubscribe: false,
    maxRetriesPerRequest: 0,
    lazyConnect: false,
    retryStrategy: reconnectDelayMs,
    reconnectOnError: (error: Error) => error.message.startsWith("READONLY"),
    keepAlive: 10_000,
    disableClientInfo: true,
  };
}

type Overrides = { lazyConnect?: boolean; retryStrategy?: (attempt: number) => number | null };

type Options = Omit<ReturnType<typeof connectionOptions>, keyof Overrides> & Required<Overrides>;

function build(target: RedisTarget, options: Options): RedisClient {
  switch (target.kind) {
    case "url":
      return new Redis(target.url, options);
    case "host":
      return new Redis({ ...options, host: target.host, port: target.port, ...withPassword(target.password) });
    case "sentinel":
      return buildSentinel(target, options);
    case "cluster":
      return buildCluster(target, options);
  }
}

function buildSentinel(target: Extract<RedisTarget, { kind: "sentinel" }>, options: Options): Redis {
  const client = new Redis({
    ...options,
    ...withPassword(target.password),
    name: target.name,
    sentinels: target.sentinels.map(({ host, port }) => ({ host, port })),
    sentinelRetryStrategy: options.retryStrategy,
    // Without it a frozen Sentinel is waited for without end, and the others are not asked.
    sentinelCommandTimeout: options.commandTimeout,
    // After a planned failover the old primary goes on taking writes, for seconds, that are lost in the end.
    failoverDetector: true,
    sentinelReconnectStrategy: options.retryStrategy,
  });
  // The connections of that detector have no error listener, and ioredis prints what nobody listens to.
  const connector: object = Reflect.get(client, "connector");
  const connect: (...args: unknown[]) => Redis = Reflect.get(connector, "connectToSentinel");
  Reflect.set(connector, "connectToSentinel", (...args: unknown[]) =>
    connect.apply(connector, args).on("error", () => undefined),
  );
  return client;
}

function buildCluster(target: Extract<RedisTarget, { kind: "cluster" }>, options: Options): Cluster {
  const cluster = new Cluster(
    target.nodes.map(({ host, port }) => ({ host, port })),
    {
      // Each node connects when it becomes known, not when the first command comes: the second would be refused.
      redisOptions: { ...options, ...withPassword(target.password), lazyConnect: false },
      enableOfflineQueue: false,
      lazyConnect: options.lazyConnect,
      clusterRetryStrategy: options.retryStrategy,
      // A node that only closed the connection is back soon. One that stays away is forgotten: then the others are
      // asked who has its slots.
      clusterNodeRetryStrategy: (attempt) => (attempt <= 3 ? options.retryStrategy(attempt) : null),
      // The check asks one node, any, and while that one is frozen the whole client would not get ready.
      enableReadyCheck: false,
      slotsRefreshTimeout: options.connectTimeout,
      // Zero: a command whose connection broke may have run, and is not sent again.
      retryDelayOnFailover: 0,
      retryDelayOnClusterDown: 0,
      maxRedirections: 4,
    },
  );
  // ioredis lets go of the promise of the ASKING that it sends by itself; its failure would end the process.
  cluster.on("+node", (node: Redis) => {
    const ask = node.asking.bind(node);
    node.asking = () => {
      const asked = ask();
      asked.catch(() => undefined);
      return asked;
    };
  });
  return cluster;
}

const withPassword = (password: string | undefined) => (password === undefined ? {} : { password });

/** Quick at first, never slower than a second, and never in step with the other instances. */
function reconnectDelayMs(attempt: number): number {
  return Math.min(1000, 50 * 2 ** Math.min(attempt, 5)) * (0.75 + Math.random() / 4);
}

/** Calls back whenever a connection to a server of ours is there, for the first time or again. */
export function watchConnections(client: RedisClient, onConnected: () => void): void {
  if (client instanceof Redis) {
    client.on("ready", onConnected);
    return;
  }
  client.on("ready", onConnected);
  const watch = (node: Redis) => node.on("ready", onConnected);
  for (const node of client.nodes()) watch(node);
  client.on("+node", watch);
}

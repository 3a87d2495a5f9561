import { Cluster, Redis } from "ioredis";
import type { RedisTarget } from "../config/sections/store-settings.ts";
import { createPasswordCommand, type PasswordCommand, type PasswordCommandOptions } from "../core/password-command.ts";
import { awaitPassword } from "./connect/await-password.ts";
import "./connect/end-of-connections.ts";
import { createIdentityReader, keepCurrent, type RedisIdentity } from "./connect/identity.ts";
import { isRejectedSelect } from "./driver-errors.ts";
import "./stall-tolerant-limits.ts";

export type RedisLimits = { connectTimeoutMs: number; commandTimeoutMs: number };

export type RedisClient = Redis | Cluster;

/**
 * Creates a client for a URL, a host, Sentinel or Cluster. A command succeeds, fails at once, or times out: no command
 * is queued while there is no connection, and no command is sent twice.
 */
export function createRedis(
  target: RedisTarget,
  limits: RedisLimits,
  connectionName: string,
  overrides: Overrides = {},
): RedisClient {
  const client = build(target, { ...connectionOptions(limits, connectionName), ...overrides });
  // Without a listener ioredis prints errors to the console. The health check and the breaker report them.
  client.on("error", (error: unknown) => {
    // ioredis would continue with database 0, which may belong to another application.
    if (isRejectedSelect(error)) client.disconnect(true);
  });
  return client;
}

function connectionOptions(limits: RedisLimits, connectionName: string) {
  return {
    connectionName,
    connectTimeout: limits.connectTimeoutMs,
    commandTimeout: limits.commandTimeoutMs,
    // ioredis reconnects only when the server has closed the old connection, and a frozen server never closes it. This
    // limits the wait.
    disconnectTimeout: limits.commandTimeoutMs,
    // Closes a connection that stays silent after a command, so that later commands do not time out one by one.
    socketTimeout: limits.commandTimeoutMs * 2,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    // If a resubscription of ioredis failed, its unhandled rejection would end the process.
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
  if (target.passwordCommand === undefined) return buildKind(target, options, createIdentityReader(target));
  const command = commandOf(target.passwordCommand);
  const client = buildKind(target, { ...options, lazyConnect: true }, createIdentityReader(target, command));
  awaitPassword(client, command, options.retryStrategy);
  if (!options.lazyConnect) client.connect().catch(() => undefined);
  return client;
}

const commands = new WeakMap<PasswordCommandOptions, PasswordCommand>();

/** All clients of the same settings share one command and its cache, so that the program runs once for all of them. */
function commandOf(options: PasswordCommandOptions): PasswordCommand {
  const command = commands.get(options) ?? createPasswordCommand(options);
  commands.set(options, command);
  return command;
}

/** Returns whether new connections wait for the program that prints the password. */
export const isWaitingForPassword = ({ passwordCommand }: RedisTarget): boolean =>
  passwordCommand !== undefined && commands.get(passwordCommand)?.isRunning() === true;

function buildKind(target: RedisTarget, options: Options, identity: () => RedisIdentity): RedisClient {
  if (target.kind === "cluster") return buildCluster(target, options, identity);
  const client =
    target.kind === "sentinel" ? buildSentinel(target, options, identity) : new Redis({ ...options, ...identity() });
  keepCurrent(client.options, identity);
  // ioredis would select the database of the previous connection again, which REDIS_URL_FILE may have replaced.
  client.on("connect", () => Reflect.set(client, "prevCondition", null));
  return client;
}

function buildSentinel(
  target: Extract<RedisTarget, { kind: "sentinel" }>,
  options: Options,
  identity: () => RedisIdentity,
): Redis {
  const client = new Redis({
    ...options,
    ...identity(),
    enableTLSForSentinelMode: true,
    name: target.name,
    sentinels: target.sentinels.map(({ host, port }) => ({ host, port })),
    sentinelRetryStrategy: options.retryStrategy,
    // Without this limit ioredis waits forever for a frozen Sentinel instead of trying the next one.
    sentinelCommandTimeout: options.commandTimeout,
    // After a planned failover the old primary accepts writes for some seconds. These writes are lost.
    failoverDetector: true,
    sentinelReconnectStrategy: options.retryStrategy,
  });
  // ioredis adds no error listener to the connections of the failover detector, so it would print their errors, and it
  // reports no cause of a failed connection to a Sentinel, such as a certificate that is not trusted.
  const connector: object = Reflect.get(client, "connector");
  const connect: (...args: unknown[]) => Redis = Reflect.get(connector, "connectToSentinel");
  Reflect.set(connector, "connectToSentinel", (...args: unknown[]) =>
    connect.apply(connector, args).on("error", (error: unknown) => client.emit("error", error)),
  );
  return client;
}

function buildCluster(
  target: Extract<RedisTarget, { kind: "cluster" }>,
  options: Options,
  identity: () => RedisIdentity,
): Cluster {
  const cluster = new Cluster(
    target.nodes.map(({ host, port }) => ({ host, port })),
    {
      // Nodes connect as soon as they are known: with a lazy connection, the commands after the first would fail.
      redisOptions: { ...options, ...identity(), lazyConnect: false },
      // The certificate is verified for the name, so the name must not be replaced by its address.
      ...(target.tls === true && { dnsLookup: (name, callback) => callback(null, name) }),
      enableOfflineQueue: false,
      lazyConnect: options.lazyConnect,
      clusterRetryStrategy: options.retryStrategy,
      // A node that closed the connection is usually back soon. After three attempts it is removed, and the slots are
      // read again from another node.
      clusterNodeRetryStrategy: (attempt) => (attempt <= 3 ? options.retryStrategy(attempt) : null),
      // The ready check uses one arbitrary node; if that node is frozen, the whole client would not become ready.
      enableReadyCheck: false,
      slotsRefreshTimeout: options.connectTimeout,
      // Zero disables retries, because a command whose connection broke may already have run.
      retryDelayOnFailover: 0,
      retryDelayOnClusterDown: 0,
      maxRedirections: 4,
    },
  );
  // New nodes copy these options, and reconnecting nodes read their own.
  const pool: object = Reflect.get(cluster, "connectionPool");
  keepCurrent(Reflect.get(pool, "redisOptions"), identity);
  cluster.on("+node", (node: Redis) => keepCurrent(node.options, identity));
  // ioredis sends ASKING commands and does not handle their rejections. An unhandled rejection would end the process.
  cluster.on("+node", (node: Redis) => {
    const ask = node.asking.bind(node);
    node.asking = () => {
      const reply = ask();
      reply.catch(() => undefined);
      return reply;
    };
  });
  return cluster;
}

/** The delay starts short, has a maximum of one second, and is random, so that instances do not all reconnect at once. */
function reconnectDelayMs(attempt: number): number {
  return Math.min(1000, 50 * 2 ** Math.min(attempt, 5)) * (0.75 + Math.random() / 4);
}

/** Calls back whenever a connection to a server is ready, for the first time or again. */
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

/** Waits until a client that reconnects by itself has a connection. Rejects when the signal is aborted. */
export async function whenConnected(client: RedisClient, signal: AbortSignal): Promise<void> {
  if (client.status === "ready") return;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onReady = () => resolve();
  const onAbort = () => reject(signal.reason);
  client.once("ready", onReady);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    signal.throwIfAborted();
    await promise;
  } finally {
    client.off("ready", onReady);
    signal.removeEventListener("abort", onAbort);
  }
}

/** Opens new connections: after a failover, the open ones may lead to a server that is no longer the primary. */
export function renewConnections(client: RedisClient): void {
  if (client.status === "ready") client.disconnect(true);
}

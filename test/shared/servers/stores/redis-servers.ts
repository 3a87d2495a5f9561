import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { atEnd } from "../../at-end.ts";
import { eventually } from "../../eventually.ts";
import { freePort } from "../../free-port.ts";

export type RedisServer = {
  url: string;
  port: number;
  readonly pid: number;
  isRunning(): boolean;
  /** Starts the stopped server again, on the same port and in the same folder. */
  start(): Promise<void>;
  /** Kills the server with SIGKILL, so that no client is notified. */
  stop(): Promise<void>;
  freeze(): unknown;
  thaw(): unknown;
};

/** Starts a redis-server on 127.0.0.1 without persistence. Options are lines of a redis.conf. */
export function startRedisServer(options: readonly string[] = []): Promise<RedisServer> {
  return startOnFreePort(['save ""', "appendonly no", "repl-diskless-sync-delay 0", ...options]);
}

/** Starts a Sentinel whose configuration consists of these lines. */
export const startSentinel = (options: readonly string[]): Promise<RedisServer> =>
  startOnFreePort(options, ["--sentinel"]);

/** Sends one command on a new connection. */
export async function askRedis(port: number, command: string, ...args: (string | number)[]): Promise<unknown> {
  const client = new Redis({
    port,
    host: "127.0.0.1",
    protocol: 2,
    lazyConnect: true,
    retryStrategy: null,
    connectTimeout: 500,
    commandTimeout: 1000,
    disconnectTimeout: 100,
  });
  client.on("error", () => undefined);
  try {
    await client.connect();
    return await client.call(command, ...args);
  } finally {
    client.disconnect();
  }
}

/** Starts a cluster of three masters without replicas, which share all slots evenly in the order of their ports. */
export async function startRedisCluster() {
  const startNode = async () => {
    const busPort = await freePort();
    // Short, so that other nodes detect a failed node soon; the default is 15 s.
    const options = ["cluster-enabled yes", `cluster-port ${busPort}`, "cluster-node-timeout 2000"];
    return { busPort, server: await startRedisServer(options) };
  };
  const nodes = await Promise.all([startNode(), startNode(), startNode()]);
  const servers = nodes.map(({ server }) => server);
  const ports = servers.map(({ port }) => port);
  const first = ports[0] ?? 0;
  const share = Math.ceil(slotCount / ports.length);
  for (const [index, port] of ports.entries()) {
    await askRedis(port, "cluster", "set-config-epoch", index + 1);
    const lastSlot = Math.min((index + 1) * share, slotCount) - 1;
    await askRedis(port, "cluster", "addslotsrange", index * share, lastSlot);
  }
  for (const { busPort, server } of nodes.slice(1)) {
    await askRedis(first, "cluster", "meet", "127.0.0.1", server.port, busPort);
  }
  /** Returns, for each node, whether it reports all slots as served and lists every node. */
  const ready = async () => {
    const infos = await Promise.all(servers.map(({ port }) => askRedis(port, "cluster", "info").catch(String)));
    const readyInfo = new RegExp(
      `cluster_state:ok.*cluster_slots_ok:16384.*cluster_known_nodes:${servers.length}\\b`,
      "s",
    );
    return infos.map((info) => readyInfo.test(String(info)));
  };
  const allReady = () => eventually(ready, (all) => all.every(Boolean), 15_000, 50);
  await allReady();
  return {
    nodes: ports.map((port) => `127.0.0.1:${port}`).join(","),
    ports,
    servers,
    ready,
    allReady,
    /** Adds a replica of the first master, and waits until it follows. */
    async addReplica(): Promise<void> {
      const { busPort, server } = await startNode();
      servers.push(server);
      await askRedis(first, "cluster", "meet", "127.0.0.1", server.port, busPort);
      await allReady();
      await askRedis(server.port, "cluster", "replicate", String(await askRedis(first, "cluster", "myid")));
      await eventually(() => isFollowing(server), Boolean, 15_000, 50);
    },
    /** Kills the first master, and waits until its replica has taken over its slots and all others agree. */
    async failOver(): Promise<void> {
      await servers[0]?.stop();
      const port = servers.at(-1)?.port ?? 0;
      const role = async () => String(await askRedis(port, "role").catch(String));
      // The others report all slots as served until they have noticed the failure.
      await eventually(role, (text) => text.startsWith("master"), 20_000, 20);
      await eventually(ready, (all) => all.filter(Boolean).length === servers.length - 1, 20_000, 20);
    },
    stop: () => Promise.all(servers.map((server) => server.stop())),
  };
}

const isFollowing = async ({ port }: RedisServer): Promise<boolean> =>
  String(await askRedis(port, "info", "replication").catch(String)).includes("master_link_status:up");

const slotCount = 16_384;

/** Starts a primary with one replica, and three Sentinels of which two must agree. */
export async function startRedisSentinel() {
  const name = "haven";
  const primary = await startRedisServer();
  const replica = await startRedisServer([`replicaof 127.0.0.1 ${primary.port}`]);
  const servers = [primary, replica];
  await eventually(
    () => askRedis(replica.port, "info", "replication").catch(String),
    (info) => String(info).includes("master_link_status:up"),
    10_000,
    50,
  );
  const sentinelSettings = [
    `sentinel monitor ${name} 127.0.0.1 ${primary.port} 2`,
    `sentinel down-after-milliseconds ${name} 500`,
    `sentinel failover-timeout ${name} 2000`,
  ];
  const sentinels = await Promise.all([
    startSentinel(sentinelSettings),
    startSentinel(sentinelSettings),
    startSentinel(sentinelSettings),
  ]);

  const primaryPorts = async () => {
    const addresses = await Promise.all(
      sentinels.map(({ port }) => askRedis(port, "sentinel", "get-master-addr-by-name", name).catch(() => null)),
    );
    return addresses.map((address) => (Array.isArray(address) ? Number(address[1]) : 0));
  };
  /** Returns the primary on which all responding Sentinels agree, and which accepts writes. */
  const newPrimary = async (old: number | undefined) => {
    const [port, second, ...others] = (await primaryPorts()).filter((primaryPort) => primaryPort !== 0);
    if (port === undefined || port === old || [second, ...others].some((primaryPort) => primaryPort !== port))
      return undefined;
    const role = await askRedis(port, "role").catch(() => []);
    return Array.isArray(role) && role[0] === "master" ? port : undefined;
  };
  const waitForPrimary = async (old?: number) => {
    const port = await eventually(() => newPrimary(old), Boolean, 15_000, 50);
    const server = servers.find((one) => one.port === port);
    if (server === undefined) throw new Error(`No primary known on port ${port}.`);
    return server;
  };
  const readyForFailover = async ({ port }: RedisServer) => {
    const quorum = await askRedis(port, "sentinel", "ckquorum", name).catch(String);
    const replicas = await askRedis(port, "sentinel", "replicas", name).catch(() => []);
    const replicaText = JSON.stringify(replicas);
    return (
      String(quorum).startsWith("OK 3") &&
      replicaText.includes('"flags","slave","') &&
      replicaText.includes('"master-link-status","ok"')
    );
  };
  const whenReady = () =>
    eventually(
      () => Promise.all(sentinels.map(readyForFailover)),
      (all) => all.every(Boolean),
      25_000,
      100,
    );
  await whenReady();
  return {
    name,
    sentinels: sentinels.map(({ port }) => `127.0.0.1:${port}`).join(","),
    sentinelServers: sentinels,
    servers,
    primary: () => waitForPrimary(),
    primaryPid: async () => (await waitForPrimary()).pid,
    /** Waits until all Sentinels have found each other and an up-to-date replica. */
    whenReady,
    /** Returns the new primary when all Sentinels report it. */
    nextPrimary: (old: RedisServer) => waitForPrimary(old.port),
    async killPrimary(): Promise<RedisServer> {
      const server = await waitForPrimary();
      await server.stop();
      return server;
    },
    async failover(): Promise<RedisServer> {
      const { port } = await waitForPrimary();
      const ask = () =>
        askRedis(sentinels[0]?.port ?? 0, "sentinel", "failover", name).then(
          () => "",
          (error: unknown) => String(error),
        );
      await eventually(ask, (refusal) => refusal === "", 10_000, 200);
      return waitForPrimary(port);
    },
    stop: () => Promise.all([...sentinels, ...servers].map((server) => server.stop())),
  };
}

const startLimitMs = 10_000;

async function startOnFreePort(settings: readonly string[], flags: readonly string[] = []): Promise<RedisServer> {
  // A free port may be taken before the server listens on it.
  for (let tries = 1; ; tries += 1) {
    const server = prepare(await freePort(), settings, flags);
    try {
      await server.start();
      return server;
    } catch (error) {
      await server.stop();
      if (tries === 3) throw error;
    }
  }
}

const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

function prepare(port: number, settings: readonly string[], flags: readonly string[]): RedisServer {
  const folder = mkdtempSync(join(tmpdir(), "haven-redis-"));
  const file = join(folder, "redis.conf");
  writeFileSync(file, [`port ${port}`, "bind 127.0.0.1", `dir ${folder}`, ...settings, ""].join("\n"));
  let child: ChildProcess | undefined;

  const stop = async () => {
    if (child === undefined || !running.has(child)) return;
    const ended = once(child, "exit", { signal: AbortSignal.timeout(5000) });
    child.kill("SIGKILL");
    await ended;
  };
  atEnd(async () => {
    await stop();
    rmSync(folder, { recursive: true, force: true });
  });

  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    get pid() {
      return child?.pid ?? 0;
    },
    isRunning: () => child !== undefined && running.has(child),
    async start() {
      const started = spawn("redis-server", [file, ...flags], { stdio: ["ignore", "pipe", "inherit"] });
      child = started;
      running.add(started);
      let output = "";
      started.stdout.on("data", (chunk: Buffer) => (output += chunk));
      for (const event of ["exit", "error"]) started.on(event, () => running.delete(started));
      const answers = () => (running.has(started) ? askRedis(port, "ping").catch(String) : "ended");
      const reply = await eventually(answers, (answer) => answer === "PONG" || answer === "ended", startLimitMs);
      // The response may come from another program that took the port.
      if (reply === "ended" || !running.has(started)) throw new Error(`redis-server did not start:\n${output}`);
    },
    stop,
    freeze: () => child?.kill("SIGSTOP"),
    thaw: () => child?.kill("SIGCONT"),
  };
}

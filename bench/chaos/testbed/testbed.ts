import type { CollectorFault } from "../../../test/shared/servers/failing-collector.ts";
import { allReady, type Fleet, startFleet } from "../../../test/shared/servers/fleet.ts";
import { shortDrain } from "../../../test/shared/servers/haproxy-detection.ts";
import {
  allUp,
  nginxIsAtLeast,
  type RunningProxy,
  startHaproxy,
  startNginx,
} from "../../../test/shared/servers/proxies.ts";
import type { ProxyName, ServerName } from "../arguments.ts";
import { createLedger, type Ledger } from "../load/ledger.ts";
import { createUser, type User } from "../load/user.ts";
import type { Stores, Topology } from "../topologies/topology.ts";
import { fillProperties } from "./database.ts";
import { inspectorOf } from "./inspector-of.ts";
import { peerEntry } from "./peer.ts";
import { startTraceEndpoint, type TraceEndpoint } from "./trace-endpoint.ts";

export const userCount = 60;
export const ballastRows = 100_000;

/** The settings of production, with a shorter drain, fewer log lines and limits that do not affect the run. */
export const settings = {
  NODE_ENV: "production",
  LOG_LEVEL: "warn",
  // High enough that no retry of a login is refused.
  AUTH_RATE_LIMIT: "100",
  OVERLOAD_DELAY_MS: "50",
  ACCESS_TOKEN_TTL: "3600",
  ...shortDrain,
};

const entries = { haven: "main", peer: peerEntry } as const;

type RunningFleet = {
  name: ProxyName;
  server: ServerName;
  fleet: Fleet;
  proxy: RunningProxy;
  users: readonly User[];
  ledger: Ledger;
  /** The endpoint to which the instances export traces; undefined if they export none. */
  traces: TraceEndpoint | undefined;
  /** Repairs the stores, and waits until every instance is ready and the proxy uses it. */
  waitUntilHealthy(): Promise<void>;
  stop(): Promise<void>;
};

export type Testbed<S extends Stores = Stores> = S & RunningFleet;

/** Starts the stores of a topology, three instances behind one proxy with the shipped files, and signed-in users. */
export async function startTestbed<S extends Stores>(
  name: ProxyName,
  server: ServerName,
  topology: Topology<S>,
  traceFault?: CollectorFault,
): Promise<Testbed<S>> {
  const stores = await topology.start();
  const traces = traceFault && (await startTraceEndpoint(traceFault));
  const fleet = await startFleet({
    env: { ...settings, ...stores.env, ...traces?.env },
    envOf: (member) => {
      const { host, port } = inspectorOf(member);
      return server === "haven" ? { NODE_OPTIONS: `--inspect=${host}:${port}` } : {};
    },
    entry: entries[server],
    services: stores.services,
    keepsSent: false,
  });
  const proxy = await startProxy(name);
  const users: User[] = [];
  while (users.length < userCount) users.push(...(await Promise.all(Array.from({ length: 4 }, createUser))));
  await fillProperties(stores.database, ballastRows);
  return {
    ...stores,
    name,
    server,
    fleet,
    proxy,
    users,
    ledger: createLedger(),
    traces,
    async waitUntilHealthy(): Promise<void> {
      await stores.repair?.();
      await allReady(fleet);
      if (name === "haproxy") await allUp();
    },
    async stop(): Promise<void> {
      for (const user of users) user.disconnect();
      await proxy.stop();
      for (const member of fleet.members) await member.kill();
    },
  };
}

async function startProxy(name: ProxyName) {
  if (name === "haproxy") return startHaproxy();
  const canWait = await nginxIsAtLeast("1.27.4");
  return startNginx({ variants: canWait ? ["keepalive-from-1.27.4.conf"] : [] });
}

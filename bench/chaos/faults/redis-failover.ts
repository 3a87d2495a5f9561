import { runProgram } from "../../../test/shared/run-program.ts";
import { askRedis } from "../../../test/shared/servers/stores/redis-servers.ts";
import type { WithCluster } from "../topologies/cluster.ts";
import type { WithSentinel } from "../topologies/sentinel.ts";
import { breakerMs, type Fault, storeBounds } from "./fault.ts";

const bounds = { ...storeBounds, readsFailForMs: breakerMs, noRequestFails: true };

export const sentinelFaults: readonly Fault<WithSentinel>[] = [
  {
    name: "redis-sentinel-failover",
    title: "Redis failover by Sentinel",
    description: "The primary is killed; the Sentinels agree that it is down and promote its replica.",
    inject: async ({ sentinel }) => sentinel.nextPrimary(await sentinel.killPrimary()),
    bounds,
    alsoOnPeer: true,
  },
];

const movedSlots = 500;

async function moveSlots({ servers }: WithCluster["cluster"]): Promise<void> {
  const [from, to] = servers.slice(1, 3);
  if (from === undefined || to === undefined) return;
  const idOf = async (port: number) => String(await askRedis(port, "cluster", "myid"));
  const nodeOptions = ["--cluster-from", await idOf(from.port), "--cluster-to", await idOf(to.port)];
  const { code, output } = await runProgram("redis-cli", [
    ...["--cluster", "reshard", `127.0.0.1:${from.port}`, ...nodeOptions],
    ...["--cluster-slots", String(movedSlots), "--cluster-yes"],
  ]);
  if (code !== 0) throw new Error(output);
}

export const clusterFaults: readonly Fault<WithCluster>[] = [
  {
    name: "redis-cluster-failover",
    title: "Redis Cluster failover and slot migration",
    description:
      "A node hands 500 slots over to another node. Then a primary is killed, and its replica takes over the slots of the primary.",
    async inject({ cluster }) {
      await moveSlots(cluster);
      await cluster.failOver();
    },
    bounds,
    alsoOnPeer: true,
  },
];

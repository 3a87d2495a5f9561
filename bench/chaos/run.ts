import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { cleanUp } from "../../test/shared/at-end.ts";
import type { CollectorFault } from "../../test/shared/servers/failing-collector.ts";
import { commitOf } from "../report/commit.ts";
import type { ProxyName, ServerName } from "./arguments.ts";
import type { Fault } from "./faults/fault.ts";
import { startLoad } from "./load/load.ts";
import { factsOf } from "./measure.ts";
import type { Measured, TopologyResult } from "./results.ts";
import { measureResources, minimumOf, type Resources } from "./testbed/resources.ts";
import { startTestbed, type Testbed } from "./testbed/testbed.ts";
import { type Watch, watch } from "./testbed/watch.ts";
import type { Stores, Topology } from "./topologies/topology.ts";

const beforeMs = 3000;
const afterMs = { quick: 1500, full: 4000 };
/** The maximum wait until all instances are healthy again. */
const healthyWithinMs = 25_000;
/** The wait before idle resources are measured: longer than pools and proxies keep idle connections. */
const idleMs = 35_000;

/** The proxy and the server of a run, and the receivers of its results. */
export type Session = {
  proxy: ProxyName;
  server: ServerName;
  quick: boolean;
  /** How the endpoint of the traces fails; undefined without traces. */
  traces: CollectorFault | undefined;
  /** Whether the resources of idle instances before and after all faults are compared. */
  comparesResources: boolean;
  onMeasured(measured: Measured): void;
  onTopologyDone(end: TopologyResult): void;
};

/** Injects each fault in turn into one topology behind one proxy. */
export async function runFaults<S extends Stores>(
  session: Session,
  topology: Topology<S>,
  faults: readonly Fault<S>[],
): Promise<void> {
  if (faults.length === 0) return;
  const { proxy, server, traces } = session;
  const testbed = await startTestbed(proxy, server, topology, traces);
  const watching = watch(testbed);
  let before: Resources | undefined;
  for (const fault of faults) {
    if (session.comparesResources && before === undefined && !fault.replacesProcesses)
      before = await measureIdleResources(testbed);
    session.onMeasured(await runFault(testbed, watching, fault, session));
  }
  const after = before && (await measureIdleResources(testbed));
  await watching.stop();
  const balance = testbed.ledger.balance(await testbed.database.rows());
  await testbed.stop();
  // The next topology may need the same addresses.
  await cleanUp();
  session.onTopologyDone({
    proxy,
    server,
    topology: topology.name,
    balance,
    ...(before && after && { idleResources: { before, after } }),
  });
}

async function runFault<S extends Stores>(
  testbed: Testbed<S>,
  watching: Watch,
  fault: Fault<S>,
  { proxy, server, quick }: Session,
): Promise<Measured> {
  // The comparison server may not recover from a fault by itself, so it is restarted before each fault.
  if (server === "peer") for (const member of testbed.fleet.members) await member.restart();
  await testbed.waitUntilHealthy();
  const loop = monitorEventLoopDelay({ resolution: 10 });
  loop.enable();
  const load = startLoad(testbed.users, testbed.ledger);
  const from = performance.now();
  await sleep(beforeMs);
  await fault.prepare?.(testbed);
  const injected = performance.now();
  await fault.inject(testbed);
  const inEffect = performance.now();
  if (fault.undo) {
    await sleep(fault.holdMs ?? 0);
    await fault.undo(testbed);
  }
  const ended = performance.now();
  const healthy = await waitUntilAllHealthy(watching, ended);
  await sleep(quick ? afterMs.quick : afterMs.full);
  const findings = [
    ...((await fault.findings?.(testbed)) ?? []),
    ...((await testbed.traces?.findings(testbed.fleet)) ?? []),
  ];
  const to = performance.now();
  loop.disable();
  const { attempts, requests, signIns, names } = await load.stop();
  const balance = testbed.ledger.balance(await testbed.database.rows(), names);
  const moments = { from, injected, inEffect, ended, healthy, to };
  const observed = {
    moments,
    attempts,
    requests,
    observations: watching.observations(),
    signIns,
    balance,
    ...(findings.length > 0 && { findings }),
    stalledMs: loop.max / 1e6,
  };
  const resources = await measureResources(testbed);
  return {
    fault,
    observed,
    outcome: {
      ...{ proxy, server, fault: fault.name, facts: factsOf(observed), commit: commitOf() },
      ...(resources && { resources }),
    },
  };
}

/** Returns when every instance was observed as ready, and as UP by HAProxy; undefined after the limit. */
async function waitUntilAllHealthy(watching: Watch, ended: number): Promise<number | undefined> {
  const limit = AbortSignal.timeout(healthyWithinMs);
  while (!limit.aborted) {
    await sleep(200);
    const since = watching.healthySince();
    if (since !== undefined) return Math.max(ended, since);
  }
  return undefined;
}

async function measureIdleResources(testbed: Testbed): Promise<Resources | undefined> {
  if (testbed.connections === undefined || testbed.server !== "haven") return undefined;
  await sleep(idleMs);
  const samples: Resources[] = [];
  while (samples.length < 5) {
    const sample = await measureResources(testbed);
    if (sample) samples.push(sample);
    await sleep(300);
  }
  return minimumOf(samples);
}

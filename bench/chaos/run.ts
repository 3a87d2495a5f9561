import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { cleanUp } from "../../test/shared/at-end.ts";
import { commitOf } from "../commit.ts";
import type { ProxyName, ServerName } from "./arguments.ts";
import type { Fault } from "./faults/fault.ts";
import { startLoad } from "./load/load.ts";
import { factsOf } from "./measure.ts";
import type { Measured, WorldEnd } from "./results.ts";
import type { Stores, Topology } from "./topologies/topology.ts";
import { measure, minimumOf, type Resources } from "./world/resources.ts";
import { type Watch, watch } from "./world/watch.ts";
import { startWorld, type World } from "./world/world.ts";

const beforeMs = 3000;
const afterMs = { quick: 1500, full: 4000 };
/** The wait for the recovery of all instances ends after this time. */
const wellWithinMs = 25_000;
/** Longer than pools and proxies keep idle connections. */
const restMs = 35_000;

/** The faults to run, and the destination of their figures. */
export type Session = {
  proxy: ProxyName;
  server: ServerName;
  quick: boolean;
  /** Compares the resources before and after all faults. */
  measuresRest: boolean;
  onMeasured(measured: Measured): void;
  onEnd(end: WorldEnd): void;
};

/** Injects each fault in turn into one topology behind one proxy. */
export async function runFaults<S extends Stores>(
  session: Session,
  topology: Topology<S>,
  faults: readonly Fault<S>[],
): Promise<void> {
  if (faults.length === 0) return;
  const { proxy, server } = session;
  const world = await startWorld(proxy, server, topology);
  const watching = watch(world);
  let before: Resources | undefined;
  for (const fault of faults) {
    if (session.measuresRest && before === undefined && !fault.replacesProcesses) before = await restAndMeasure(world);
    session.onMeasured(await runFault(world, watching, fault, session));
  }
  const after = before && (await restAndMeasure(world));
  await watching.stop();
  const balance = world.ledger.balance(await world.database.rows());
  await world.stop();
  // the next topology may need the same addresses
  await cleanUp();
  session.onEnd({
    proxy,
    server,
    topology: topology.name,
    balance,
    ...(before && after && { atRest: { before, after } }),
  });
}

async function runFault<S extends Stores>(
  world: World<S>,
  watching: Watch,
  fault: Fault<S>,
  { proxy, server, quick }: Session,
): Promise<Measured> {
  // The peer may need a restart after a fault; the comparison ends before that.
  if (server === "peer") for (const member of world.fleet.members) await member.restart();
  await world.whole();
  const loop = monitorEventLoopDelay({ resolution: 10 });
  loop.enable();
  const load = startLoad(world.users, world.ledger);
  const from = performance.now();
  await sleep(beforeMs);
  await fault.prepare?.(world);
  const injected = performance.now();
  await fault.inject(world);
  const standing = performance.now();
  if (fault.undo) {
    await sleep(fault.holdMs ?? 0);
    await fault.undo(world);
  }
  const lifted = performance.now();
  const well = await wellAgain(watching, lifted);
  await sleep(quick ? afterMs.quick : afterMs.full);
  const to = performance.now();
  loop.disable();
  const { attempts, requests, signIns, names } = await load.stop();
  const balance = world.ledger.balance(await world.database.rows(), names);
  const moments = { from, injected, standing, lifted, well, to };
  const observed = {
    moments,
    attempts,
    requests,
    sights: watching.sights(),
    signIns,
    balance,
    stalledMs: loop.max / 1e6,
  };
  const resources = await measure(world);
  return {
    fault,
    observed,
    outcome: {
      ...{ proxy, server, fault: fault.name, facts: factsOf(observed), commit: commitOf() },
      ...(resources && { resources }),
    },
  };
}

/** When every instance was observed as ready or UP again. */
async function wellAgain(watching: Watch, lifted: number): Promise<number | undefined> {
  const limit = AbortSignal.timeout(wellWithinMs);
  while (!limit.aborted) {
    await sleep(200);
    const since = watching.wellSince();
    if (since !== undefined) return Math.max(lifted, since);
  }
  return undefined;
}

async function restAndMeasure(world: World): Promise<Resources | undefined> {
  if (world.connections === undefined || world.server !== "haven") return undefined;
  await sleep(restMs);
  const samples: Resources[] = [];
  while (samples.length < 5) {
    const sample = await measure(world);
    if (sample) samples.push(sample);
    await sleep(300);
  }
  return minimumOf(samples);
}

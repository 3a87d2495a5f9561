import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import type { Options, ProxyName } from "./arguments.ts";
import type { Fault } from "./faults/fault.ts";
import { startLoad } from "./load/load.ts";
import { factsOf } from "./measure.ts";
import { lineOf } from "./report/format.ts";
import type { Outcome, ProxyRun } from "./results.ts";
import { judge } from "./verdict.ts";
import { measure, minimumOf, type Resources } from "./world/resources.ts";
import { type Watch, watch } from "./world/watch.ts";
import { startWorld, type World } from "./world/world.ts";

const beforeMs = 3000;
const afterMs = { quick: 1500, full: 4000 };
/** The wait for the recovery of all instances ends after this time. */
const wellWithinMs = 25_000;
/** Longer than pools and proxies keep idle connections. */
const restMs = 35_000;

/** Injects each fault in turn behind one proxy. */
export async function runBehindProxy(
  proxy: ProxyName,
  faults: readonly Fault[],
  options: Options,
  say: (line: string) => void,
) {
  const world = await startWorld(proxy);
  const watching = watch(world);
  const outcomes: Outcome[] = [];
  let before: Resources | undefined;
  const measuresRest = !options.quick && options.only === undefined;
  for (const fault of faults) {
    if (measuresRest && before === undefined && !fault.replacesProcesses) before = await restAndMeasure(world);
    const outcome = await runFault(world, watching, fault, options);
    outcomes.push(outcome);
    say(lineOf(proxy, outcome));
  }
  const atRest = before && { before, after: await restAndMeasure(world) };
  await watching.stop();
  const balance = world.ledger.balance(await world.database.rows());
  await world.stop();
  return { proxy, outcomes, balance, ...(atRest && { atRest }) } satisfies ProxyRun;
}

async function runFault(world: World, watching: Watch, fault: Fault, { quick }: Options): Promise<Outcome> {
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
  const facts = factsOf(observed);
  return { fault, observed, facts, verdicts: judge(fault.bounds, facts), resources: await measure(world) };
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

async function restAndMeasure(world: World): Promise<Resources> {
  await sleep(restMs);
  const samples: Resources[] = [];
  while (samples.length < 5) {
    samples.push(await measure(world));
    await sleep(300);
  }
  return minimumOf(samples);
}

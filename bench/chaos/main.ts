import { cleanUp } from "../../test/shared/at-end.ts";
import { findNamespaceProblem } from "../../test/shared/namespaces.ts";
import { has, type Program, programs, provide, reportSkipped } from "../../test/shared/programs.ts";
import { rerunInNamespaces } from "../../test/shared/rerun-in-namespaces.ts";
import { findWriteProblem } from "../find-write-problem.ts";
import { type Options, type ProxyName, readArguments, type ServerName, usage } from "./arguments.ts";
import { runCalm } from "./calm/run.ts";
import { boundsOf, faults, groups } from "./faults/all.ts";
import type { FaultFacts } from "./faults/fault.ts";
import { lineOf } from "./report/format.ts";
import { describeMachine, loadNow } from "./report/machine.ts";
import { images, readResults, writePlot, writeReport } from "./report/write.ts";
import { mergeResults, type Outcome, type Results, type TopologyResult } from "./results.ts";
import { providePeer } from "./testbed/peer.ts";
import { isPassed } from "./verdict.ts";

// npm run chaos: injects one fault at a time and measures its effects on users, in Linux namespaces of its own.

const insideVariable = "HAVEN_CHAOS_IN_NAMESPACES";
const needed = ["nginx", "haproxy", "redis-server", "openssl", "socat", "ip", "unshare"];

const parsed = readArguments(
  process.argv.slice(2),
  faults.map(({ name }) => name),
);
if (parsed.kind === "help") {
  process.stdout.write(usage(faults.map(({ name }) => name)));
  process.exit(0);
}
if (parsed.kind === "wrong") {
  process.stderr.write(`${parsed.why}\n\n${usage(faults.map(({ name }) => name))}`);
  process.exit(2);
}
const { quick, proxies, servers, only, out, traces }: Options =
  parsed.kind === "calm" ? { quick: false, proxies: [], servers: [], only: [] } : parsed.options;
const selectedFaults = faults.filter(({ name, quick: isQuick }) => (only ? only.includes(name) : !quick || isQuick));
const selectedGroups = groups.filter(({ faults: own }) => own.some((fault) => selectedFaults.includes(fault)));

if (process.env[insideVariable] === undefined) {
  await provide(programs.filter(({ command }) => needed.includes(command)));
  if (servers.includes("peer")) providePeer();
  await provide([
    ...selectedGroups.flatMap((group) => group.programs),
    ...selectedFaults.flatMap((fault) => fault.programs ?? []),
  ]);
  const missing = needed.filter((command) => !has(command));
  const problem = missing.length > 0 ? `${missing.join(", ")} missing` : findNamespaceProblem();
  const writeProblem = out === undefined ? undefined : findWriteProblem(out, images);
  const message = problem === undefined ? writeProblem : `Cannot run: ${problem}.`;
  if (message !== undefined) {
    process.stderr.write(`${message}\n`);
    process.exit(1);
  }
  process.exit(await rerunInNamespaces({ [insideVariable]: "yes" }));
}

if (parsed.kind === "calm") process.exit((await runCalm(parsed.minutes)) ? 0 : 1);

const startedAt = performance.now();
const machine = await describeMachine();
const outcomes: Outcome[] = [];
const topologies: TopologyResult[] = [];
let code = 1;
try {
  const isEverything = only === undefined && servers.length > 1 && proxies.length > 1;
  if (out !== undefined && isEverything) writeReport(out, { results: { outcomes: [], topologies: [] }, machine });
  for (const server of servers) for (const proxy of proxiesFor(server)) await runAll(server, proxy);
  const passed = isPassed({ outcomes, topologies }, boundsOf);
  const minutes = (performance.now() - startedAt) / 60_000;
  process.stdout.write(
    `${passed ? "Every strict bound was met" : "FAILED: a strict bound was missed"}, in ${minutes.toFixed(1)} minutes.\n`,
  );
  code = passed ? 0 : 1;
} finally {
  await cleanUp();
}
process.exit(code);

async function runAll(server: ServerName, proxy: ProxyName): Promise<void> {
  const session = {
    ...{ proxy, server, quick, traces, comparesResources: !quick && only === undefined },
    onMeasured: (measured: Parameters<typeof writePlot>[1]) => {
      outcomes.push(measured.outcome);
      if (out !== undefined && server === "haven") writePlot(out, measured);
      addToReport({ outcomes: [measured.outcome], topologies: [] });
      process.stdout.write(`${lineOf(measured)}\n`);
    },
    onTopologyDone: (result: TopologyResult) => {
      topologies.push(result);
      addToReport({ outcomes: [], topologies: [result] });
    },
  };
  for (const group of selectedGroups) {
    const names = group.faults
      .filter((fault) => selectedFaults.includes(fault) && (server === "haven" || fault.alsoOnPeer))
      .filter((fault) => isPossible(fault, group.programs))
      .map(({ name }) => name);
    await group.run(session, new Set(names));
  }
}

/** Returns the proxies of a server. The comparison server runs behind HAProxy only, which has health checks. */
function proxiesFor(server: ServerName): readonly ProxyName[] {
  return server === "peer" && proxies.includes("haproxy") ? ["haproxy"] : proxies;
}

/** Writes the report after each result, so that an interrupted run keeps its measurements. */
function addToReport(newer: Results): void {
  if (out === undefined) return;
  const results = mergeResults(readResults(out), newer);
  writeReport(out, { results, machine: [...machine, loadNow()] });
}

function isPossible({ title, programs: own = [] }: FaultFacts, programs: readonly Program[]): boolean {
  const missing = [...programs, ...own].filter(({ command }) => !has(command)).map((program) => program.package);
  if (missing.length > 0) reportSkipped(`the fault "${title}", which needs ${missing.join(" ")}`);
  return missing.length === 0;
}

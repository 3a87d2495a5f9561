import { cleanUp } from "../../test/shared/at-end.ts";
import { noOwnMachine } from "../../test/shared/namespaces.ts";
import { has, type Program, programs, provide, skipLoudly } from "../../test/shared/programs.ts";
import { findWriteProblem } from "../find-write-problem.ts";
import { type ProxyName, readArguments, type ServerName, usage } from "./arguments.ts";
import { boundsOf, faults, groups } from "./faults/all.ts";
import type { FaultFacts } from "./faults/fault.ts";
import { lineOf } from "./report/format.ts";
import { describeMachine, loadNow } from "./report/machine.ts";
import { images, readResults, writePlot, writeReport } from "./report/write.ts";
import { mergeResults, type Outcome, type Results, type WorldEnd } from "./results.ts";
import { runInside } from "./run-in-namespace.ts";
import { isPassed } from "./verdict.ts";
import { providePeer } from "./world/peer.ts";

// npm run chaos: measures the effects of one fault at a time on users, in its own namespaces.

const inside = "HAVEN_CHAOS_OWN_MACHINE";
const needed = ["nginx", "haproxy", "redis-server", "openssl", "socat", "ip", "unshare"];

const read = readArguments(
  process.argv.slice(2),
  faults.map(({ name }) => name),
);
if (read.kind === "help") {
  process.stdout.write(usage(faults.map(({ name }) => name)));
  process.exit(0);
}
if (read.kind === "wrong") {
  process.stderr.write(`${read.why}\n\n${usage(faults.map(({ name }) => name))}`);
  process.exit(2);
}
const { quick, proxies, servers, only, out } = read.options;
const wanted = faults.filter(({ name, quick: isQuick }) => (only ? only.includes(name) : !quick || isQuick));
const wantedGroups = groups.filter(({ faults: own }) => own.some((fault) => wanted.includes(fault)));

if (process.env[inside] === undefined) {
  await provide(programs.filter(({ command }) => needed.includes(command)));
  if (servers.includes("peer")) providePeer();
  await provide([
    ...wantedGroups.flatMap((group) => group.programs),
    ...wanted.flatMap((fault) => fault.programs ?? []),
  ]);
  const missing = needed.filter((command) => !has(command));
  const lacking = missing.length > 0 ? `${missing.join(", ")} missing` : noOwnMachine();
  const unwritable = out === undefined ? undefined : findWriteProblem(out, images);
  const obstacle = lacking === undefined ? unwritable : `Cannot run: ${lacking}.`;
  if (obstacle !== undefined) {
    process.stderr.write(`${obstacle}\n`);
    process.exit(1);
  }
  process.exit(await runInside({ [inside]: "yes" }));
}

const startedAt = performance.now();
const machine = await describeMachine();
const outcomes: Outcome[] = [];
const ends: WorldEnd[] = [];
let code = 1;
try {
  const isEverything = only === undefined && servers.length > 1 && proxies.length > 1;
  if (out !== undefined && isEverything) writeReport(out, { results: { outcomes: [], ends: [] }, machine });
  for (const server of servers) for (const proxy of proxiesFor(server)) await runAll(server, proxy);
  const passed = isPassed({ outcomes, ends }, boundsOf);
  const minutes = (performance.now() - startedAt) / 60_000;
  process.stdout.write(
    `${passed ? "Nothing was lost, doubled or refused that must not be" : "FAILED"}, in ${minutes.toFixed(1)} minutes.\n`,
  );
  code = passed ? 0 : 1;
} finally {
  await cleanUp();
}
process.exit(code);

async function runAll(server: ServerName, proxy: ProxyName): Promise<void> {
  const session = {
    ...{ proxy, server, quick, measuresRest: !quick && only === undefined },
    onMeasured: (measured: Parameters<typeof writePlot>[1]) => {
      outcomes.push(measured.outcome);
      if (out !== undefined && server === "haven") writePlot(out, measured);
      keep({ outcomes: [measured.outcome], ends: [] });
      process.stdout.write(`${lineOf(measured)}\n`);
    },
    onEnd: (end: WorldEnd) => {
      ends.push(end);
      keep({ outcomes: [], ends: [end] });
    },
  };
  for (const group of wantedGroups) {
    const names = group.faults
      .filter((fault) => wanted.includes(fault) && (server === "haven" || fault.comparable))
      .filter((fault) => isPossible(fault, group.programs))
      .map(({ name }) => name);
    await group.run(session, new Set(names));
  }
}

/** The peer runs behind one proxy: the one that checks the instances itself. */
function proxiesFor(server: ServerName): readonly ProxyName[] {
  return server === "peer" && proxies.includes("haproxy") ? ["haproxy"] : proxies;
}

/** Writes each result at once, so that an interrupted run keeps its measurements. */
function keep(newer: Results): void {
  if (out === undefined) return;
  const results = mergeResults(readResults(out), newer);
  writeReport(out, { results, machine: [...machine, loadNow()] });
}

function isPossible({ title, programs: own = [] }: FaultFacts, programs: readonly Program[]): boolean {
  const missing = [...programs, ...own].filter(({ command }) => !has(command)).map((program) => program.package);
  if (missing.length > 0) skipLoudly(`the fault "${title}", which needs ${missing.join(" ")}`);
  return missing.length === 0;
}

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { has, provide, providePackages } from "../test/shared/programs.ts";
import { readArguments, UsageError, usage } from "./arguments.ts";
import { measureCapacity } from "./capacity/measure.ts";
import { capacityPage } from "./capacity/page.ts";
import { findWriteProblem } from "./find-write-problem.ts";
import { Interrupted, interruption, listenForInterruption } from "./interruption.ts";
import { FailedRequests } from "./load/wrk.ts";
import { commitOf } from "./report/commit.ts";
import { describeMachine, isPinned, pinnedToLoadCore } from "./report/machine.ts";
import { figure, holds, type RunLength, type Scenario } from "./report/outcome.ts";
import { images, type Measured, writeReport } from "./report/report.ts";
import { probesBeside } from "./scenarios/api-beside-probes.ts";
import { authenticatedRead } from "./scenarios/authenticated-read.ts";
import { authenticatedWrite } from "./scenarios/authenticated-write.ts";
import { checks } from "./scenarios/checks.ts";
import { deepPage } from "./scenarios/deep-page.ts";
import { memory } from "./scenarios/memory.ts";
import { overload } from "./scenarios/overload.ts";
import { probes } from "./scenarios/probes.ts";
import { publicRead } from "./scenarios/public-read.ts";
import { redisBlackHole } from "./scenarios/redis-black-hole.ts";
import { scrape } from "./scenarios/scrape.ts";
import { start } from "./scenarios/start.ts";
import { streams } from "./scenarios/streams.ts";
import { traces } from "./scenarios/traces.ts";
import { withTestbed } from "./testbed.ts";

const scenarios: readonly Scenario[] = [
  probes,
  publicRead,
  authenticatedRead,
  authenticatedWrite,
  traces,
  redisBlackHole,
  probesBeside,
  checks,
  overload,
  scrape,
  deepPage,
  start,
  memory,
  streams,
];
const names = scenarios.map(({ name }) => name);

const programs = [
  { command: "wrk", package: "wrk" },
  { command: "taskset", package: "util-linux" },
  { command: "redis-server", package: "redis-server" },
];

/** Reported as one sentence, without a stack. */
class CannotRun extends Error {}

listenForInterruption();
process.exit(await main());

async function main(): Promise<number> {
  try {
    const options = readArguments(process.argv.slice(2), names);
    if (options === "help") {
      process.stdout.write(usage(names));
      return 0;
    }
    return await bench(options);
  } catch (error) {
    if (error instanceof UsageError) {
      process.stderr.write(`${error.message}\n\n${usage(names)}`);
      return 2;
    }
    if (error instanceof Interrupted) return 130;
    if (!(error instanceof FailedRequests || error instanceof CannotRun)) throw error;
    process.stderr.write(`\n${error.message}\n`);
    return 1;
  }
}

async function bench({
  quick,
  capacity,
  only,
  report,
}: Exclude<ReturnType<typeof readArguments>, "help">): Promise<number> {
  const writeProblem = report === undefined ? undefined : findWriteProblem(report, images);
  if (writeProblem !== undefined) throw new CannotRun(writeProblem);
  const pinnedCommand = pinnedToLoadCore();
  if (pinnedCommand !== undefined) {
    await prepare();
    return await runPinned(pinnedCommand);
  }
  if (!isPinned()) await prepare();
  const runLength: RunLength = quick ? { rounds: 1, seconds: 1, quick } : { rounds: 9, seconds: 1, quick };
  const startedAt = performance.now();
  const runInfo = () => ({
    machine: describeMachine(),
    commit: commitOf(),
    minutes: (performance.now() - startedAt) / 60_000,
    pinned: isPinned(),
    day: new Date().toISOString().slice(0, 10),
  });
  if (capacity) {
    const figures = await withTestbed((testbed) => measureCapacity(testbed, runLength));
    const page = capacityPage(figures, runInfo());
    if (report === undefined) process.stdout.write(`\n${page}`);
    else writeFileSync(report, page);
    return 0;
  }
  const selectedScenarios = scenarios.filter(({ name }) => only.length === 0 || only.includes(name));
  const measured = await withTestbed(async (testbed) => {
    const all: Measured[] = [];
    for (const scenario of selectedScenarios) {
      process.stdout.write(`${scenario.title}\n`);
      const outcome = await scenario.run(testbed, runLength);
      for (const claim of outcome.claims) {
        const { median, min, max } = claim.measured;
        const [middle, lowest, highest] = [median, min, max].map((value) => figure(value, claim.unit));
        const bound = `${claim.bound.kind} ${figure(claim.bound.value, claim.unit)}`;
        const verdict = quick ? "too short a run to judge" : holds(claim) ? "holds" : "falls short";
        process.stdout.write(`  ${claim.what}\n    ${middle} (${lowest} to ${highest}), ${bound}: ${verdict}\n`);
      }
      all.push({ scenario, outcome });
    }
    return all;
  });
  process.stdout.write(`\n${runInfo().minutes.toFixed(1)} minutes. Every request was answered.\n`);
  if (report !== undefined) {
    writeReport(report, measured, runInfo());
    process.stdout.write(`${report}\n`);
  }
  return 0;
}

async function runPinned([command = "", ...words]: readonly string[]): Promise<number> {
  const child = spawn(command, words, { stdio: "inherit", env: { ...process.env, BENCH_PINNED: "1" } });
  // The pinned run stops its own processes before it exits, so this process waits for it.
  interruption.addEventListener("abort", () => child.kill("SIGTERM"));
  const [code] = await once(child, "exit");
  return code ?? 1;
}

/** Installs missing programs, and compiles the server for production. */
async function prepare(): Promise<void> {
  await provide(programs);
  const missing = programs.map(({ command }) => command).filter((command) => !has(command));
  if (missing.length > 0) throw new CannotRun(`Cannot run: ${missing.join(", ")} missing.`);
  try {
    providePackages(fileURLToPath(new URL(".", import.meta.url)));
  } catch {
    throw new CannotRun("Cannot run: installing the packages of bench/package.json failed.");
  }
  const root = fileURLToPath(new URL("..", import.meta.url));
  const { status } = spawnSync("npm", ["run", "build"], { cwd: root, stdio: ["ignore", "ignore", "inherit"] });
  if (status !== 0) throw new CannotRun("Cannot run: npm run build failed.");
}

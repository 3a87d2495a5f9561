import { spawn } from "node:child_process";
import { once } from "node:events";
import { globSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { EngineLog } from "../src/core/embedded-engines.ts";
import { provideWorkflowLinters } from "./ci/support/workflow-linters.ts";
import { typedoc } from "./kit/support/api-pages.ts";
import { provideFrameworks } from "./kit/support/frameworks.ts";
import { provideNodeVersions } from "./kit/support/node-versions.ts";
import { generators } from "./openapi/support/generators.ts";
import { provideSchemathesis } from "./openapi/support/schemathesis.ts";
import { pageTools } from "./pages/support/lighthouse.ts";
import { cleanUp } from "./shared/at-end.ts";
import { provideGoProgram } from "./shared/go-program.ts";
import { findNamespaceProblem } from "./shared/namespaces.ts";
import { programs, provide, providePackages, refuseOrSkip } from "./shared/programs.ts";
import { prepareTemplate } from "./shared/servers/database.ts";
import { startStores } from "./shared/servers/stores.ts";
import { helm } from "./support/helm.ts";
import { isEdgeTest } from "./support/network-namespace.ts";
import { provideReceiver } from "./support/otlp-receiver.ts";
import { timeLimitMs } from "./support/time-limit.ts";

// npm test [-- PATTERN …]: starts the real engines once, and gives each test file its own database. The files run in up
// to three rounds: those that may run in parallel, those that run one at a time, and those with real proxies.

const usage = `Usage: npm test [-- PATTERN …]

Runs all test files, or those that match a pattern, such as test/db/pool.test.ts or 'test/edge/*.test.ts'.
`;

const wanted = process.argv.slice(2);
if (wanted.includes("--help")) {
  process.stdout.write(usage);
  process.exit(0);
}
const isEdge = (file: string) => isEdgeTest(resolve(file));
// Tests that measure times, which parallel tests would distort.
const isSerial = (file: string) => file.endsWith(".serial.test.ts");
// The slowest files first, so that no core waits for a slow one at the end. The estimate is the size of the file. In
// test/edge, small files are slower than large ones, so there the estimate is reversed.
const estimatedDuration = (file: string) => (isEdge(file) ? 1e9 - statSync(file).size : statSync(file).size);
const found = globSync(wanted.length > 0 ? wanted : "test/**/*.test.ts").sort(
  (a, b) => estimatedDuration(b) - estimatedDuration(a),
);
if (found.length === 0) {
  process.stderr.write(`No test file matches ${wanted.join(" ")}.\n\n${usage}`);
  process.exit(64);
}

await provide(programs);
const files = withoutSkippedFiles(found);
type Round = { files: readonly string[]; atOnce: number; limitMs: number };
const limitMs = timeLimitMs({ edge: false });
const rounds: Round[] = [
  { files: files.filter((file) => !isEdge(file) && !isSerial(file)), atOnce: 2, limitMs },
  { files: files.filter(isSerial), atOnce: 1, limitMs: timeLimitMs({ edge: false, serial: true }) },
  // Tests with real proxies mostly wait.
  { files: files.filter(isEdge), atOnce: 3, limitMs: timeLimitMs({ edge: true }) },
].filter((round) => round.files.length > 0);
// Every file that was found needs what this machine lacks, which withoutSkippedFiles has reported.
if (files.length === 0) process.exit(0);

providePackages(fileURLToPath(new URL("./support/s3-server", import.meta.url)));
// Installed here, because it takes longer than the time limit of a test file.
if (files.some((file) => file.includes("openapi/schemathesis"))) provideSchemathesis();
if (files.some((file) => file.includes("openapi/generators"))) generators.provide();
if (files.some((file) => file.includes("test/pages/"))) pageTools.provide();
if (files.some((file) => file.includes("ci/workflows"))) provideWorkflowLinters();
if (files.some((file) => /\btrac/.test(file))) provideReceiver();
if (files.some((file) => file.endsWith("k8s/chart.test.ts"))) provideGoProgram(helm);
if (files.some((file) => /\bkit\b|doctor\/readme/.test(file))) {
  provideFrameworks();
  typedoc.provide();
  provideNodeVersions();
}

const dataDir = mkdtempSync(join(tmpdir(), "haven-test-"));
// A dead engine fails other tests, so the report must show it beside their failures.
const log: EngineLog = ({ event, ...line }) => {
  if (event !== "started" && !event.startsWith("is being set up"))
    process.stderr.write(`! embedded engine ${event}: ${JSON.stringify(line)}\n`);
};
const stores = await startStores(log);
let exitCode = 1;
try {
  await prepareTemplate(stores.databaseUrl);
  const codes: number[] = [];
  for (const round of rounds) codes.push(await runWithOneRetry(round));
  exitCode = Math.max(...codes);
} finally {
  await stores.stop();
  await cleanUp();
  rmSync(dataDir, { recursive: true, force: true });
}
process.exit(exitCode);

/**
 * A shared machine may stall for a second, which breaks time limits. So a failed file is re-run once on its own, and the
 * report says so.
 */
async function runWithOneRetry(round: Round): Promise<number> {
  const first = await runRound(round);
  if (first.code === 0 || first.failed.length === 0) return first.code;
  const names = first.failed.map((file) => relative(process.cwd(), file)).join(", ");
  process.stderr.write(`\n! Failed, re-run on its own: ${names}\n\n`);
  const second = await runRound({ ...round, files: first.failed, atOnce: 1 });
  if (second.code === 0) process.stderr.write(`\n! Passed only on the re-run: ${names}\n\n`);
  return second.code;
}

async function runRound({ files, atOnce, limitMs }: Round): Promise<{ code: number; failed: readonly string[] }> {
  const failedFiles = join(dataDir, "failed-files");
  const runner = spawn(
    process.execPath,
    [
      "--test",
      `--test-concurrency=${atOnce}`,
      `--test-timeout=${limitMs + 20_000}`,
      "--test-reporter=spec",
      "--test-reporter-destination=stdout",
      `--test-reporter=${new URL("./support/failed-files.ts", import.meta.url).href}`,
      `--test-reporter-destination=${failedFiles}`,
      "--import",
      new URL("./support/network-namespace.ts", import.meta.url).href,
      "--import",
      new URL("./support/leaks.ts", import.meta.url).href,
      ...files,
    ],
    {
      stdio: "inherit",
      env: { ...process.env, NODE_ENV: "test", TEST_DATABASE_URL: stores.databaseUrl, TEST_REDIS_URL: stores.redisUrl },
    },
  );
  const [code] = await once(runner, "exit");
  const failed = readFileSync(failedFiles, "utf8").split("\n").filter(Boolean);
  return { code: typeof code === "number" ? code : 1, failed };
}

function withoutSkippedFiles(all: string[]): string[] {
  const edge = all.filter(isEdge);
  const obstacle = edge.length > 0 ? findNamespaceProblem() : undefined;
  if (obstacle === undefined) return all;
  refuseOrSkip(`the tests of the real proxies (${obstacle})`);
  return all.filter((file) => !edge.includes(file));
}

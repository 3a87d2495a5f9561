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
import { failOrSkip, programs, provide, providePackages } from "./shared/programs.ts";
import { prepareTemplate } from "./shared/servers/stores/database.ts";
import { startStores } from "./shared/servers/stores/stores.ts";
import { helm } from "./support/kubernetes/helm.ts";
import { provideReceiver } from "./support/otlp-receiver.ts";
import { isEdgeTest } from "./support/runner/network-namespace.ts";
import { timeLimitMs } from "./support/runner/time-limit.ts";

// npm test [-- PATTERN …]: starts a real Postgres and a real Redis once, and gives each test file its own database. The test
// files run in up to three rounds: files that may run in parallel, files that run one at a time, and files with real proxies.

const usage = `Usage: npm test [-- PATTERN …]

Runs all test files, or those that match a pattern, such as test/db/pool.test.ts or 'test/edge/*.test.ts'.
`;

const patterns = process.argv.slice(2);
if (patterns.includes("--help")) {
  process.stdout.write(usage);
  process.exit(0);
}
const isEdge = (file: string) => isEdgeTest(resolve(file));
// A serial test runs alone, because it measures times that parallel tests would change.
const isSerial = (file: string) => file.endsWith(".serial.test.ts");
// The slowest files run first, so that no core is idle while the last file runs. The size of a file is the estimate of its
// duration. In test/edge small files take longer than large files, so there the estimate is reversed.
const estimatedDuration = (file: string) => (isEdge(file) ? 1e9 - statSync(file).size : statSync(file).size);
const matchingFiles = globSync(patterns.length > 0 ? patterns : "test/**/*.test.ts").sort(
  (a, b) => estimatedDuration(b) - estimatedDuration(a),
);
if (matchingFiles.length === 0) {
  process.stderr.write(`No test file matches ${patterns.join(" ")}.\n\n${usage}`);
  process.exit(64);
}

await provide(programs);
const files = withoutSkippedFiles(matchingFiles);
type Round = { files: readonly string[]; maxParallel: number; limitMs: number };
const limitMs = timeLimitMs({ edge: false });
const rounds: Round[] = [
  { files: files.filter((file) => !isEdge(file) && !isSerial(file)), maxParallel: 2, limitMs },
  { files: files.filter(isSerial), maxParallel: 1, limitMs: timeLimitMs({ edge: false, serial: true }) },
  // Tests with real proxies mostly wait.
  { files: files.filter(isEdge), maxParallel: 3, limitMs: timeLimitMs({ edge: true }) },
].filter((round) => round.files.length > 0);
// No file remains if this machine cannot run the tests with real proxies. withoutSkippedFiles has reported the reason.
if (files.length === 0) process.exit(0);

providePackages(fileURLToPath(new URL("./support/s3-server", import.meta.url)));
// The installations run here, because they can take longer than the time limit of a test file.
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
// If an engine exits, other tests fail. The report of the exit explains their failures.
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
 * Re-runs failed files once, one at a time, and reports the re-run. A shared machine may stall for a second, and then a
 * correct test exceeds its time limit.
 */
async function runWithOneRetry(round: Round): Promise<number> {
  const first = await runRound(round);
  if (first.code === 0 || first.failed.length === 0) return first.code;
  const names = first.failed.map((file) => relative(process.cwd(), file)).join(", ");
  process.stderr.write(`\n! Failed, re-run on its own: ${names}\n\n`);
  const second = await runRound({ ...round, files: first.failed, maxParallel: 1 });
  if (second.code === 0) process.stderr.write(`\n! Passed only on the re-run: ${names}\n\n`);
  return second.code;
}

async function runRound({ files, maxParallel, limitMs }: Round): Promise<{ code: number; failed: readonly string[] }> {
  const failedFiles = join(dataDir, "failed-files");
  const runner = spawn(
    process.execPath,
    [
      "--test",
      `--test-concurrency=${maxParallel}`,
      `--test-timeout=${limitMs + 20_000}`,
      "--test-reporter=spec",
      "--test-reporter-destination=stdout",
      `--test-reporter=${new URL("./support/runner/failed-files.ts", import.meta.url).href}`,
      `--test-reporter-destination=${failedFiles}`,
      "--import",
      new URL("./support/runner/network-namespace.ts", import.meta.url).href,
      "--import",
      new URL("./support/runner/leaks.ts", import.meta.url).href,
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
  const namespaceProblem = edge.length > 0 ? findNamespaceProblem() : undefined;
  if (namespaceProblem === undefined) return all;
  failOrSkip(`the tests of the real proxies (${namespaceProblem})`);
  return all.filter((file) => !edge.includes(file));
}

import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { nodeBinary, nodeVersions, provideNodeVersions } from "../kit/support/node-versions.ts";
import { type Release, releases } from "./releases.ts";
import { unpackRelease } from "./unpack.ts";
import { readVersions, type Subject, subjects, withRow } from "./versions-page.ts";

// npm run matrix: the tests of proxies, stores and monitoring, on the programs of several releases of Debian.

const project = fileURLToPath(new URL("../..", import.meta.url));
const page = fileURLToPath(new URL("../../docs/versions.md", import.meta.url));

const testsOf: Readonly<Record<Subject, readonly string[]>> = {
  proxies: ["test/edge/*.test.ts"],
  monitoring: ["test/monitoring/*.test.ts"],
  stores: ["test/db/**/*.test.ts", "test/redis/*.test.ts", "test/half-alive/*.test.ts", "test/stalls/*.test.ts"],
};

const names = releases.map(({ name }) => name).join(", ");
const usage = `Usage: npm run matrix -- [--write] [--only SUBJECT] [--skip-unavailable] [RELEASE …] [-- TESTS …]

  RELEASE   ${names}; all of them unless named
  TESTS     test files instead of those of the matrix; not together with --write
  --only SUBJECT   ${subjects.join(", ")}; all of them unless named
  --write   write the versions and the results of each release to docs/versions.md
  --skip-unavailable   skip a release, with a message, if its packages cannot be downloaded
`;

const { values, tokens } = parseArgs({
  allowPositionals: true,
  tokens: true,
  options: {
    write: { type: "boolean" },
    only: { type: "string", multiple: true },
    "skip-unavailable": { type: "boolean" },
    help: { type: "boolean" },
  },
});
const end = tokens.find(({ kind }) => kind === "option-terminator")?.index ?? Number.POSITIVE_INFINITY;
const positionals = tokens.flatMap((token) => (token.kind === "positional" ? [token] : []));
const requestedReleases = positionals.filter(({ index }) => index < end).map(({ value }) => value);
const files = positionals.filter(({ index }) => index > end).map(({ value }) => value);
const isUnknown = (name: string) => !releases.some((one) => one.name === name);
const selectedSubjects = (values.only ?? subjects).flatMap((name) => subjects.filter((subject) => subject === name));
if (
  values.help ||
  requestedReleases.some(isUnknown) ||
  selectedSubjects.length < (values.only?.length ?? 0) ||
  (values.write && files.length > 0)
) {
  process.stderr.write(usage);
  process.exit(values.help ? 0 : 64);
}

provideNodeVersions();
let failed = 0;
for (const release of releases.filter(
  ({ name }) => requestedReleases.length === 0 || requestedReleases.includes(name),
)) {
  if (!runOn(release)) failed += 1;
}
process.exit(failed === 0 ? 0 : 1);

function runOn(release: Release): boolean {
  const commands = unpack(release);
  if (commands === undefined) return true;
  const node = release.name === "bookworm" ? nodeBinary(nodeVersions[1]) : process.execPath;
  const env = {
    ...process.env,
    PATH: [commands, dirname(node), process.env["PATH"]].join(":"),
    TEST_STORES: "installed",
  };
  const versions = readVersions(env);
  const list = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  process.stdout.write(`\nDebian ${release.name}: ${list.join(", ")}\n\n`);
  const run = (tests: readonly string[]): boolean =>
    spawnSync(node, ["test/run.ts", ...tests], { cwd: project, env, stdio: "inherit" }).status === 0;
  if (files.length > 0) return run(files);
  return selectedSubjects
    .map((subject) => {
      const passed = run(testsOf[subject]);
      const row = { release: release.name, versions, results: { [subject]: passed } };
      if (values.write) writeFileSync(page, withRow(readFileSync(page, "utf8"), row));
      return passed;
    })
    .every(Boolean);
}

function unpack(release: Release): string | undefined {
  try {
    return unpackRelease(release);
  } catch (error) {
    if (!values["skip-unavailable"]) throw error;
    const message = error instanceof Error ? error.message : String(error);
    process.stderr.write(
      `*** SKIPPED: the tests on Debian ${release.name}, because its packages are unavailable: ${message} ***\n`,
    );
    return undefined;
  }
}

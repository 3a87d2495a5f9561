import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { basename, join } from "node:path";
import { has, reportSkipped } from "./programs.ts";

// Programs that only their Go modules provide. A build takes minutes, so the programs are kept in the user's cache folder,
// which is outside the repository.

export type GoProgram = {
  package: string;
  version: string;
  /** A folder with a go.mod and a go.sum. Needed for a program that `go install` cannot build from its version alone. */
  module?: string;
};

const cacheFolder = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "haven-tests");

/** The file of the program, which exists after `provideGoProgram`. */
export const fileOf = ({ package: name, version }: GoProgram): string =>
  join(cacheFolder, `${basename(name)}-${version}`, basename(name));

/** Returns the options of a test that needs the program: without it, the test is skipped. */
export const skipWithoutGoProgram = (program: GoProgram) => ({
  skip: existsSync(fileOf(program)) ? false : `${basename(program.package)} is not built`,
});

/** Builds the program if it is missing. Without Go, its tests are skipped, even with `CI=true`. */
export function provideGoProgram(program: GoProgram): void {
  const file = fileOf(program);
  if (existsSync(file)) return;
  const go = has("go") ? "go" : "/usr/local/go/bin/go";
  const folder = join(file, "..");
  mkdirSync(folder, { recursive: true });
  process.stderr.write(`Building ${basename(program.package)} ${program.version} for the tests.\n`);
  const flags = ["-trimpath", "-ldflags", "-s -w"];
  const { status } = spawnSync(
    go,
    program.module === undefined
      ? ["install", ...flags, `${program.package}@${program.version}`]
      : ["build", ...flags, "-o", file, program.package],
    {
      cwd: program.module,
      env: { ...process.env, GOBIN: folder, GOFLAGS: "-mod=mod" },
      stdio: ["ignore", "ignore", "inherit"],
      timeout: 3_600_000,
    },
  );
  if (status !== 0) reportSkipped(`tests with ${basename(program.package)}, which is built with Go`);
}

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { failOrSkip } from "./programs.ts";

/** Outside the project, so that a new `npm ci` does not remove it. */
const cache = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "haven-tests");

type PinnedPackages = {
  /** A folder with a package.json and a lock file. */
  pinned: string;
  name: string;
  /** Which tests need the packages, for messages. */
  tests: string;
};

/** Manages packages that only some tests need, and that are not dependencies of the project. */
export function pinnedPackages({ pinned, name, tests }: PinnedPackages) {
  const lock = readFileSync(join(pinned, "package-lock.json"));
  // One folder for each set of pinned versions.
  const folder = join(cache, `${name}-${createHash("sha256").update(lock).digest("hex").slice(0, 12)}`);
  return {
    folder,
    /** Returns the options of a test that needs the packages. */
    skipIfMissing: (): { skip: string | false } => ({ skip: existsSync(folder) ? false : `${name} are not installed` }),
    /** Installs the packages if they are missing. Without access to the package registry, the tests are skipped. */
    provide(): void {
      if (existsSync(folder)) return;
      process.stderr.write(`Installing packages for ${tests}.\n`);
      mkdirSync(cache, { recursive: true });
      const installing = mkdtempSync(join(cache, "installing-"));
      cpSync(pinned, installing, { recursive: true });
      const { status } = spawnSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], {
        cwd: installing,
        stdio: ["ignore", "ignore", "inherit"],
        timeout: 300_000,
      });
      if (status === 0) keepFirst(installing, folder);
      else failOrSkip(tests);
      rmSync(installing, { recursive: true, force: true });
    },
  };
}

/** Another run may have installed the same packages in the meantime. Its folder is kept. */
function keepFirst(installed: string, folder: string): void {
  try {
    renameSync(installed, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error;
  }
}

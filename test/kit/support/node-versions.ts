import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { failOrSkip } from "../../shared/programs.ts";

const cache = fileURLToPath(new URL("../../../node_modules/.cache/haven", import.meta.url));

/**
 * The oldest supported version of Node, and the one before the version of this project. Both come from the npm package
 * `node`.
 */
export const nodeVersions = ["22.23.3", "24.21.0"] as const;

export const nodeBinary = (version: string): string => join(cache, `node-${version}`, "node_modules/node/bin/node");

export const withoutNode = (version: string): { skip: string | false } => ({
  skip: existsSync(nodeBinary(version)) ? false : `Node ${version} is not installed`,
});

/** Installs missing versions of Node. If the registry cannot be reached, the tests that need them are skipped. */
export function provideNodeVersions(): void {
  for (const version of nodeVersions) {
    if (!existsSync(nodeBinary(version)) && !install(version)) failOrSkip(`the tests of the kit on Node ${version}`);
  }
}

function install(version: string): boolean {
  process.stderr.write(`Installing Node ${version} for the tests of the kit.\n`);
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, "installing-"));
  writeFileSync(join(folder, "package.json"), '{"private":true,"allowScripts":{"node":true}}');
  const { status } = spawnSync("npm", ["install", "--no-audit", "--no-fund", `node@${version}`], {
    cwd: folder,
    stdio: ["ignore", "ignore", "inherit"],
    timeout: 300_000,
  });
  if (status === 0) renameSync(folder, join(cache, `node-${version}`));
  else rmSync(folder, { recursive: true, force: true });
  return status === 0;
}

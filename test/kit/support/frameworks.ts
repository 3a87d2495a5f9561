import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { refuseOrSkip } from "../../shared/programs.ts";

const pinned = fileURLToPath(new URL("../frameworks", import.meta.url));
const cache = fileURLToPath(new URL("../../../node_modules/.cache/haven", import.meta.url));
const pins = createHash("sha256")
  .update(readFileSync(join(pinned, "package-lock.json")))
  .digest("hex")
  .slice(0, 12);

/** The folder with the frameworks; one for each set of pinned versions. */
export const frameworksFolder = join(cache, `kit-frameworks-${pins}`);

/** Returns the options of a test that needs the frameworks. */
export const withoutFrameworks = (): { skip: string | false } => ({
  skip: existsSync(frameworksFolder) ? false : "the frameworks are not installed",
});

/** Installs missing frameworks. Without access to the package registry, the tests that need them are skipped. */
export function provideFrameworks(): void {
  if (existsSync(frameworksFolder)) return;
  process.stderr.write("Installing frameworks for the tests of the kit.\n");
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, "installing-"));
  cpSync(pinned, folder, { recursive: true });
  const { status } = spawnSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], {
    cwd: folder,
    stdio: ["ignore", "ignore", "inherit"],
    timeout: 300_000,
  });
  if (status === 0) renameSync(folder, frameworksFolder);
  else {
    rmSync(folder, { recursive: true, force: true });
    refuseOrSkip("the tests of the kit in Express, Fastify, Koa, NestJS and Hono, and with node-redis");
  }
}

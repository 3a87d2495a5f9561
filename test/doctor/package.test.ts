import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { runProgram } from "../shared/run-program.ts";
import { cleanEnvironment, folderWith, report } from "./support/command-line.ts";
import * as valid from "./support/valid-configs.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

async function npm(cwd: string, ...args: readonly string[]): Promise<void> {
  const { code, output } = await runProgram("npm", [...args, "--no-audit", "--no-update-notifier"], { cwd });
  assert.equal(code, 0, output);
}

test("the packed doctor installs in an empty project without the server's packages, and judges a folder", async () => {
  const folder = folderWith({
    "tarball/.keep": "",
    "project/nginx.conf": valid.nginx.replace("20s", "10s"),
    "project/app.env": "REQUEST_TIMEOUT_MS=15000\n",
  });
  await npm(root, "pack", "./src/doctor", "--pack-destination", join(folder, "tarball"));
  const [tarball] = readdirSync(join(folder, "tarball")).filter((name) => name.endsWith(".tgz"));
  assert.ok(tarball !== undefined);
  const project = join(folder, "project");
  // The two dependencies come from this checkout, so that the test needs no network.
  const { dependencies } = JSON.parse(readFileSync(join(root, "src/doctor/package.json"), "utf8"));
  const local = Object.keys(dependencies).map((name) => join(root, "node_modules", name));
  await npm(project, "install", "--offline", "--install-links", ...local, join(folder, "tarball", tarball));

  const installed = readdirSync(join(project, "node_modules")).filter((name) => !name.startsWith("."));
  assert.deepEqual(installed.sort(), ["@haven-api", "yaml", "zod"]);
  assert.ok(!existsSync(join(project, "node_modules/@haven-api/doctor/node_modules")));
  const run = (...args: readonly string[]) =>
    runProgram(process.execPath, [join(project, "node_modules/.bin/haven-doctor"), ...args], {
      cwd: project,
      env: cleanEnvironment,
    });
  const { code, output } = await run(".", "--settings", "app.env", "--json");
  assert.deepEqual(
    report.parse(JSON.parse(output)).findings.map(({ rule }) => rule),
    ["deadline-request-longer-than-proxy"],
  );
  assert.equal(code, 1);
  const usage = await run();
  assert.match(usage.output, /^doctor: name a folder or files\nUsage: haven-doctor /);
  assert.equal(usage.code, 64);
});

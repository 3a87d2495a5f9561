import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { z } from "zod";
import { runProgram } from "../shared/run-program.ts";
import { cleanEnvironment, folderWith, report } from "./support/command-line.ts";
import * as valid from "./support/valid-configs.ts";

// The package itself, and the action, the pre-commit hook and the image, which run it. Its dependencies come from this
// checkout, or from the registry where npx installs them.

const root = fileURLToPath(new URL("../../", import.meta.url));
const read = (file: string) => readFileSync(join(root, file), "utf8");
const { version } = z.object({ version: z.string() }).parse(JSON.parse(read("src/doctor/package.json")));
const published = `@haven-api/doctor@${version}`;

const action = z
  .object({
    inputs: z.record(z.string(), z.object({ default: z.string() })),
    runs: z.object({ steps: z.array(z.looseObject({ run: z.string().optional(), uses: z.string().optional() })) }),
  })
  .parse(parse(read("action.yml")));
const [hook] = z
  .array(z.object({ entry: z.string(), args: z.array(z.string()), files: z.string(), pass_filenames: z.boolean() }))
  .parse(parse(read(".pre-commit-hooks.yaml")));

const folder = folderWith({
  "tarball/.keep": "",
  "project/nginx.conf": valid.nginx.replace("20s", "10s"),
  "project/app.env": "REQUEST_TIMEOUT_MS=15000\n",
  "project/.haven-doctor.yaml": "application: haven\nsettings: { REQUEST_TIMEOUT_MS: 15000 }\n",
});
const project = join(folder, "project");
/** npm needs the settings of the network that the machine has. */
const env = { ...process.env, HOME: join(folder, "home") };
let tarball = "";

async function npm(cwd: string, ...args: readonly string[]): Promise<void> {
  const { code, output } = await runProgram("npm", [...args, "--no-audit", "--no-update-notifier"], { cwd });
  assert.equal(code, 0, output);
}

before(async () => {
  mkdirSync(join(folder, "home"));
  await npm(root, "pack", "./src/doctor", "--pack-destination", join(folder, "tarball"));
  const [name = ""] = readdirSync(join(folder, "tarball")).filter((file) => file.endsWith(".tgz"));
  tarball = join(folder, "tarball", name);
});

test("the packed doctor installs in an empty project without the server's packages, and judges a folder", async () => {
  // The two dependencies come from this checkout, so that the test needs no network.
  const { dependencies } = JSON.parse(readFileSync(join(root, "src/doctor/package.json"), "utf8"));
  const local = Object.keys(dependencies).map((name) => join(root, "node_modules", name));
  await npm(project, "install", "--offline", "--install-links", ...local, tarball);

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

test("the action writes a SARIF report, uploads it, and fails the job for an error", async () => {
  const [judge, upload, verdict] = action.runs.steps;
  assert.match(upload?.uses ?? "", /^github\/codeql-action\/upload-sarif@[0-9a-f]{40}$/);
  const inputs = {
    PACKAGE: tarball,
    FOLDER: action.inputs["folder"]?.default,
    FAIL_ON: action.inputs["fail-on"]?.default,
  };
  const files = { RUNNER_TEMP: folder, GITHUB_OUTPUT: join(folder, "outputs") };
  const judged = await runProgram("bash", ["-e", "-o", "pipefail", "-c", judge?.run ?? ""], {
    cwd: project,
    env: { ...env, ...inputs, ...files },
  });
  assert.equal(judged.code, 0, judged.output);
  const sarif = JSON.parse(readFileSync(join(folder, "haven-doctor.sarif"), "utf8"));
  assert.deepEqual(
    sarif.runs[0].results.map(({ ruleId }: { ruleId: string }) => ruleId),
    ["deadline-request-longer-than-proxy"],
  );
  const outputs = readFileSync(join(folder, "outputs"), "utf8");
  const [, exitCode = ""] = /^code=(\d+)$/m.exec(outputs) ?? [];
  assert.equal((await runProgram("bash", ["-c", verdict?.run ?? ""], { env: { ...env, CODE: exitCode } })).code, 1);
});

test("the pre-commit hook judges the folder for every file that the doctor reads", async () => {
  assert.ok(hook !== undefined && !hook.pass_filenames);
  const [program = "", ...args] = hook.entry.replace(published, tarball).split(" ");
  const { code, output } = await runProgram(program, [...args, ...hook.args], { cwd: project, env });
  assert.match(output, /deadline-request-longer-than-proxy/);
  assert.equal(code, 1);
  for (const file of ["nginx/nginx.conf", "haproxy.cfg", "k8s/base/deployment.yaml", "pgbouncer.ini", "railway.json"])
    assert.match(file, new RegExp(hook.files), file);
  for (const file of ["README.md", "src/server.ts"]) assert.doesNotMatch(file, new RegExp(hook.files), file);
});

test("the action and the hook run the version of this repository, and every path that the Dockerfile copies exists", () => {
  assert.equal(action.inputs["package"]?.default, published);
  assert.ok(hook?.entry.includes(published));
  const recipe = read("src/doctor/Dockerfile");
  const copied = [...recipe.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, paths = ""]) => paths.split(" "));
  assert.ok(copied.length > 0);
  for (const path of copied) assert.ok(existsSync(join(root, path)), path);
});

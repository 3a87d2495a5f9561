import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, test } from "node:test";
import { atEnd } from "../shared/at-end.ts";
import { eventually } from "../shared/eventually.ts";
import { freePort } from "../shared/free-port.ts";
import { ask, postJson } from "../shared/requests/http.ts";
import { bearer, signedIn } from "../shared/requests/people.ts";
import { runProgram } from "../shared/run-program.ts";
import { root } from "./support/projects.ts";

const folder = mkdtempSync(join(tmpdir(), "haven-created-"));
atEnd(() => rmSync(folder, { recursive: true, force: true }));
const home = join(folder, "home");
const service = join(folder, "order-desk");
/** With the usual limits, a busy machine would reject requests, and both stores would be too slow. */
const generousLimits = { OVERLOAD_DELAY_MS: "0", REDIS_COMMAND_TIMEOUT_MS: "5000", HEALTH_CHECK_TIMEOUT: "10000" };
const bareEnvironment = { PATH: process.env["PATH"], HOME: home };
const environment = { ...bareEnvironment, ...generousLimits };

async function run(cwd: string, program: string, ...args: string[]): Promise<string> {
  const { code, output } = await runProgram(program, args, { cwd, env: bareEnvironment, timeoutMs: 150_000 });
  assert.equal(code, 0, output);
  return output;
}

before(async () => {
  mkdirSync(home);
  mkdirSync(join(folder, "package"));
  await run(root, "npm", "pack", "./src/create", "--pack-destination", join(folder, "package"));
  const [tarball = ""] = readdirSync(join(folder, "package"));
  await run(folder, "npm", "install", "--offline", "--no-audit", "--prefix", folder, join(folder, "package", tarball));
  await run(folder, join(folder, "node_modules/.bin/create-haven-api"), "order-desk");
});

test("npm accepts the lock file of a created service", async () => {
  await run(service, "npm", "ci", "--dry-run", "--offline", "--ignore-scripts", "--no-audit");
});

test("the doctor that the lock file names in vendor/ can be installed, and finds no errors in the created service", async () => {
  const lock = JSON.parse(readFileSync(join(service, "package-lock.json"), "utf8"));
  const { resolved, bin } = lock.packages["node_modules/@haven-api/doctor"];
  await run(
    service,
    "npm",
    "install",
    "--offline",
    "--no-audit",
    "--no-save",
    "--prefix",
    home,
    join(root, "node_modules/yaml"),
    join(root, "node_modules/zod"),
    join(service, resolved.replace("file:", "")),
    "--install-links",
  );
  const output = await run(
    service,
    process.execPath,
    join(home, "node_modules/@haven-api/doctor", bin["haven-doctor"]),
    ".",
  );
  assert.match(output, /no errors, no warnings/);
});

test("a created service starts with npm start in an empty HOME, serves its demo data, and stops", async () => {
  symlinkSync(join(root, "node_modules"), join(service, "node_modules"));
  const port = await freePort();
  const env = { ...environment, HOST: "127.0.0.1", PORT: String(port) };
  const npm = spawn("npm", ["start"], { cwd: service, env, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [npm.stdout, npm.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk));
  const url = `http://127.0.0.1:${port}`;
  atEnd(async () => {
    npm.kill("SIGTERM");
    if (npm.exitCode === null && npm.signalCode === null) await once(npm, "exit");
    await eventually(
      () => output,
      (text) => text.includes('"msg":"stopped"'),
      30_000,
    );
  });
  const status = () => ask(`${url}/ready`).then((answer) => answer.status, String);
  await eventually(status, (seen) => seen === 200, 60_000).catch(() => assert.fail(output));
  const demo = { email: "demo@order-desk.example", password: "demo-password" };
  const signIn = () => postJson(`${url}/api/v1/auth/login`, demo);
  const person = signedIn(await eventually(signIn, (answer) => answer.status === 200, 30_000), demo);
  const notes = await ask(`${url}/api/v1/notes`, { headers: bearer(person) });
  assert.equal((notes.json() as { items: unknown[] }).items.length, 3);
  assert.equal((await postJson(`${url}/api/v1/notes`, { title: "Mine", text: "" }, bearer(person))).status, 201);
  assert.match((await ask(`${url}/api/openapi.json`)).text, /"title":"Order Desk"/);
  assert.match((await ask(`${url}/alive`)).text, /"status":"alive"/);
});

test("the tests of the sample pass in a created service", async () => {
  const output = await run(service, "npm", "test", "--", "test/features/notes.test.ts");
  assert.match(output, /ℹ fail 0/);
});

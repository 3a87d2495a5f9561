import { spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, mkdirSync, mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parts } from "../../../src/create/parts.ts";
import { freePort } from "../../shared/free-port.ts";
import { root, sampleServices } from "./projects.ts";

// npm run prove-created [-- NAME …]: creates the five services of the tests from the packed creator, each with an empty
// HOME, and runs npm ci, check, build, doctor, test and start in each. Each service takes about fifteen minutes, so the
// test suite runs only some of these steps.

const requestedNames = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), "haven-prove-created-"));
const packed = join(folder, "packed");
mkdirSync(packed);
// The environment keeps npm's settings of the network, and leaves out the settings of the home folder.
const { npm_config_userconfig: _, npm_lifecycle_event: __, NODE_ENV: ___, ...environment } = process.env;
const envFor = (home: string) => ({ ...environment, HOME: home, XDG_CACHE_HOME: undefined });
let failed = false;

process.stdout.write(`Output: ${folder}\n`);
await step("pack", root, "npm", ["pack", "./src/create", "--pack-destination", packed], envFor(packed));
const tarball = join(packed, readdirSync(packed).find((name) => name.endsWith(".tgz")) ?? "");
for (const { name, parts: chosen } of sampleServices.filter(
  (service) => requestedNames.length === 0 || requestedNames.includes(service.name),
)) {
  await prove(name, chosen);
}
process.exitCode = failed ? 1 : 0;

async function prove(name: string, chosen: readonly string[]): Promise<void> {
  const home = join(folder, `home-of-${name}`);
  mkdirSync(home);
  const env = envFor(home);
  const flags = chosen.length === parts.length ? [] : ["--with", chosen.length === 0 ? "none" : chosen.join(",")];
  const create = ["exec", "--yes", "--package", tarball, "--", "create-haven-api", name, ...flags];
  const service = join(folder, name);
  const npm = (...args: string[]) => step(`${name}: npm ${args.join(" ")}`, service, "npm", args, env);
  await step(`${name}: create ${flags.join(" ")}`, folder, "npm", create, env);
  await step(`${name}: git init`, service, "git", ["init", "--quiet"], env);
  await npm("ci");
  await npm("run", "check");
  await npm("run", "build");
  if (chosen.length > 0) await npm("run", "doctor");
  await npm("test");
  await startAndStop(name, service, env);
}

async function startAndStop(name: string, service: string, env: NodeJS.ProcessEnv): Promise<void> {
  const port = await freePort();
  const log = createWriteStream(join(folder, `${name}-start.log`));
  const child = spawn("npm", ["start"], {
    cwd: service,
    env: { ...env, HOST: "127.0.0.1", PORT: String(port) },
    stdio: ["ignore", "pipe", "pipe"],
  });
  child.stdout.pipe(log);
  child.stderr.pipe(log);
  const exited = once(child, "exit");
  const url = `http://127.0.0.1:${port}`;
  const deadline = performance.now() + 120_000;
  const status = () =>
    fetch(`${url}/ready`).then(
      (answer) => answer.status,
      () => 0,
    );
  while ((await status()) !== 200 && performance.now() < deadline && child.exitCode === null) await sleep(200);
  report(`${name}: npm start is ready`, (await status()) === 200);
  child.kill("SIGTERM");
  await Promise.race([exited, sleep(60_000).then(() => child.kill("SIGKILL"))]);
}

async function step(
  title: string,
  cwd: string,
  command: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<void> {
  const startedAt = performance.now();
  const child = spawn(command, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk));
  const [code] = await once(child, "close");
  writeFileSync(join(folder, `${title.replaceAll(/[^\w-]+/g, "-")}.log`), output);
  report(`${title} (${Math.round((performance.now() - startedAt) / 1000)} s)`, code === 0);
}

function report(title: string, passed: boolean): void {
  failed ||= !passed;
  process.stdout.write(`${passed ? "passed" : "FAILED"} ${title}\n`);
}

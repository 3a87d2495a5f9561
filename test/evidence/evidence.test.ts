import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { createEvidence } from "../../src/evidence/evidence.ts";
import { record } from "../../src/evidence/take-capture.ts";
import { atEnd } from "../shared/at-end.ts";
import { eventually } from "../shared/eventually.ts";
import { ask } from "../shared/requests/http.ts";
import { runProgram } from "../shared/run-program.ts";
import { startHavenProcess } from "../shared/servers/haven-process.ts";
import { startHaven } from "../support/haven.ts";

const token = "an-operator-token-of-the-test";
const authorized = { authorization: `Bearer ${token}` };
const eventLoopDown = { kind: "check", name: "event-loop", to: "down", reason: "over_limit" } as const;

test("a failed check of the process starts at most one recording a minute, and the latest four recordings are kept", async () => {
  let nowMs = 0;
  const bytes = Buffer.from("x");
  const evidence = createEvidence({
    now: () => nowMs,
    record: async () => ({ profile: bytes, report: bytes }),
    onError: assert.ifError,
  });
  for (let minute = 0; minute < 6; minute += 1) {
    nowMs = minute * 60_000;
    evidence.onChange(eventLoopDown);
    evidence.onChange({ ...eventLoopDown, name: "memory" });
  }
  evidence.onChange({ ...eventLoopDown, name: "postgres" });
  await eventually(
    () => evidence.all().map(({ id }) => id),
    (ids) => ids.at(-1) === 6,
  );
  assert.deepEqual(
    evidence.all().map(({ id }) => id),
    [3, 4, 5, 6],
  );
});

test("a recording has a CPU profile, and a report without environment variables, arguments and network addresses", async () => {
  process.env["SECRET_OF_THE_TEST"] = "s3cret-value";
  const keepAlive = setInterval(() => undefined, 100);
  const { profile, report } = await record();
  clearInterval(keepAlive);
  assert.ok(JSON.parse(gunzipSync(profile).toString()).nodes.length > 0);
  const text = gunzipSync(report).toString();
  assert.ok("javascriptHeap" in JSON.parse(text));
  assert.doesNotMatch(text, /s3cret-value|environmentVariables|commandLine|networkInterfaces|127\.0\.0\.1/);
});

test("only operators can change the log level, and only for a limited time", async () => {
  const haven = await startHaven({ env: { OPS_TOKEN: token, LOG_LEVEL: "warn" } });
  const url = `${haven.url}/health/detailed/log-level`;
  assert.equal((await ask(url)).status, 401);
  assert.equal((await ask(`${url}?level=debug`, { method: "PUT" })).status, 401);
  const read = async () => (await ask(url, { headers: authorized })).json() as { level: string; until: string | null };
  assert.partialDeepStrictEqual(await read(), { level: "warn", until: null });
  for (const query of [
    "",
    "?level=loud",
    "?level=debug&minutes=0",
    "?level=debug&minutes=600",
    "?level=debug&minutes=x",
  ])
    assert.equal((await ask(url + query, { method: "PUT", headers: authorized })).status, 400, query);
  await ask(`${haven.url}/api`);
  assert.ok(!haven.logs.some(({ msg }) => msg === "request"));
  assert.equal((await ask(`${url}?level=info&minutes=5`, { method: "PUT", headers: authorized })).status, 200);
  await ask(`${haven.url}/api`);
  await eventually(() => haven.logs.some(({ msg }) => msg === "request"), Boolean);
  assert.equal((await read()).level, "info");
  assert.equal((await ask(`${url}?level=debug&minutes=0.002`, { method: "PUT", headers: authorized })).status, 200);
  await eventually(read, ({ level, until }) => level === "warn" && until === null);
  assert.equal((await ask(url, { method: "POST", headers: authorized })).status, 405);
});

test("haven capture saves the health report, metrics, log and status page of an instance with a manifest", async () => {
  const haven = await startHavenProcess({ entry: "main", env: { OPS_TOKEN: token } });
  const folder = mkdtempSync(join(tmpdir(), "haven-capture-"));
  atEnd(() => rmSync(folder, { recursive: true }));
  const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
  const run = (env: Record<string, string>) =>
    runProgram(process.execPath, [main, "capture", haven.url], {
      cwd: folder,
      env: { PATH: process.env["PATH"], ...env },
    });
  const { code, output } = await run({ OPS_TOKEN: token });
  assert.equal(code, 0, output);
  assert.match(output, /: (\d+) of \1 files in /);
  const [bundle = ""] = readdirSync(folder);
  const instance = readdirSync(join(folder, bundle)).find((name) => name !== "index.html") ?? "";
  const read = (file: string) => readFileSync(join(folder, bundle, instance, file), "utf8");
  const manifest = JSON.parse(read("manifest.json"));
  assert.equal(manifest.url, haven.url);
  for (const { file, bytes } of manifest.files) assert.equal(Buffer.byteLength(read(file)), bytes, file);
  assert.equal(JSON.parse(read("health.json")).status, "healthy");
  assert.match(read("status.html"), /<h1 id="status"[\s\S]*Healthy/);
  assert.doesNotMatch(read("status.html"), /<script/);
  const index = readFileSync(join(folder, bundle, "index.html"), "utf8");
  for (const { file } of manifest.files) assert.ok(index.includes(`href="${instance}/${file}"`), file);
  assert.match(read("log.jsonl"), /"msg":"listening"/);
  assert.match((await run({})).output, /\/metrics: 401/);
});

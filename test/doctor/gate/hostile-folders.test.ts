import assert from "node:assert/strict";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { createDiagnostics } from "../../../src/doctor/diagnostics.ts";
import { commentIgnoresIn } from "../../../src/doctor/gate/comment-ignores.ts";
import { parseYaml } from "../../../src/doctor/readers/yaml-tree.ts";
import { runProgram } from "../../shared/run-program.ts";
import { startStopwatch } from "../../shared/stopwatch.ts";
import { doctor, folderWith, report } from "../support/command-line.ts";

const site = `server {
  listen 80;
  add_header X-Frame-Options DENY;
  location / {
    proxy_set_header Host $host;
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_pass http://10.0.0.1:4000;
  }
}
`;
const rule = "trap-nginx-header-not-always";
const fixable = site.replace("DENY;", "DENY;\n  add_header X-Content-Type-Options: nosniff always;");

async function rulesOf(folder: string, ...args: string[]): Promise<string[]> {
  const { output } = await doctor(folder, [...args, "--json"]);
  return report.parse(JSON.parse(output)).findings.map((one) => one.rule);
}

test("writing the baseline that is in use keeps its entries", async () => {
  const folder = folderWith({ "nginx.conf": site, ".haven-doctor.yaml": "baseline: known.json\n" });
  const write = () => doctor(folder, [".", "--write-baseline", "known.json"]);
  assert.equal((await write()).code, 0, "the first run has no baseline to read");
  const first = readFileSync(join(folder, "known.json"), "utf8");
  assert.match(first, new RegExp(rule));
  assert.equal((await write()).code, 0);
  assert.equal(readFileSync(join(folder, "known.json"), "utf8"), first);
  assert.deepEqual(await rulesOf(folder, "."), []);
});

test("a baseline that cannot be written is a usage error", async () => {
  const folder = folderWith({ "nginx.conf": site });
  const { code, output } = await doctor(folder, [".", "--write-baseline", "missing/known.json"]);
  assert.equal(code, 64);
  assert.match(output, /'missing\/known\.json' cannot be written \(ENOENT\)/);
});

test("paths in .haven-doctor.yaml are relative to its folder", async () => {
  const folder = folderWith({
    "app/nginx.conf": site,
    "app/.haven-doctor.yaml": `ignores: [{ rule: ${rule}, file: "*.conf", reason: static pages }]\n`,
  });
  assert.deepEqual(await rulesOf(folder, "app"), []);
});

test("a rule that is off stays off, whatever its severity", async () => {
  const config = `rules: { ${rule}: off }\nseverities: { ${rule}: error }\n`;
  assert.deepEqual(await rulesOf(folderWith({ "nginx.conf": site, ".haven-doctor.yaml": config }), "."), []);
});

test("--fix changes no file outside the folder", async () => {
  const outside = folderWith({ "nginx.conf": fixable });
  const folder = folderWith({});
  symlinkSync(join(outside, "nginx.conf"), join(folder, "nginx.conf"));
  const { code, output } = await doctor(folder, [".", "--fix"]);
  assert.equal(code, 2);
  assert.match(output, /outside the folders/);
  assert.equal(readFileSync(join(outside, "nginx.conf"), "utf8"), fixable);
});

test("--fix with a file in a folder that does not exist reports the file and fixes the others", async () => {
  const folder = folderWith({ "nginx.conf": fixable });
  const { code, output } = await doctor(folder, ["--nginx", "missing/nginx.conf", "--nginx", "nginx.conf", "--fix"]);
  assert.equal(code, 2);
  assert.match(output, /missing\/nginx\.conf does not exist/);
  assert.doesNotMatch(readFileSync(join(folder, "nginx.conf"), "utf8"), /Options:/);
});

test("symbolic links that form a circle are searched once", async () => {
  const folder = folderWith({ "nginx.conf": site, "a/b/x.txt": "" });
  for (const name of ["one", "two", "three"]) symlinkSync("..", join(folder, "a", name));
  assert.deepEqual(await rulesOf(folder, "."), [rule]);
});

test("a file whose name shows its kind is reported if it cannot be read", async () => {
  const folder = folderWith({ "prometheus.yml": "global: {}\n", "nginx.conf": Buffer.from([0, 1, 2]) });
  const { code, output } = await doctor(folder, ["."]);
  assert.equal(code, 2);
  assert.match(output, /nginx\.conf.*is not text/);
});

test("a named pipe as env_file is not read", async () => {
  const compose = "services:\n  api:\n    image: x\n    env_file: pipe\n";
  const folder = folderWith({ "compose.yml": compose });
  await runProgram("mkfifo", [join(folder, "pipe")]);
  const { output } = await doctor(folder, ["."]);
  assert.match(output, /env_file pipe: not found/);
});

test("an ignore with 50,000 spaces and a file with 3,000 YAML aliases are parsed within 3 s", () => {
  const elapsedMs = startStopwatch();
  commentIgnoresIn(`# haven-doctor: ignore ${rule} a${" ".repeat(50_000)}b`, "nginx.conf", createDiagnostics());
  const anchors = Array.from({ length: 3000 }, (_, n) => `a${n}: &a${n} ${n}`);
  const aliases = Array.from({ length: 3000 }, (_, n) => `b${n}: *a${n}`);
  parseYaml([...anchors, ...aliases, ""].join("\n"), "compose.yml");
  assert.ok(elapsedMs() < 3000, `${elapsedMs()} ms`);
});

test("an alias refers to the last anchor of its name before it", () => {
  const [top] = parseYaml("a: &x 1\nb: *x\nc: &x 2\nd: *x\n", "compose.yml");
  assert.ok(top?.kind === "map");
  const texts = ["b", "d"].map((name) => {
    const value = top.entries.get(name);
    return value?.kind === "scalar" ? value.text : undefined;
  });
  assert.deepEqual(texts, ["1", "2"]);
});

test("control characters of files and of their names are shown in a visible form", async () => {
  const folder = folderWith({});
  mkdirSync(join(folder, "a\n::error::f\u001b[31m"));
  writeFileSync(join(folder, "a\n::error::f\u001b[31m", "nginx.conf"), site.replace("DENY", "\u001b[2J\u0007"));
  for (const format of ["table", "github", "markdown", "junit"]) {
    const { output } = await doctor(folder, [".", "--format", format]);
    assert.doesNotMatch(output, /^::error::f/m, format);
    assert.ok(!output.includes("\u0007") && !output.includes("\u001b"), format);
    assert.match(output, /\\x0a/, format);
  }
});

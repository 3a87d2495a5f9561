import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { z } from "zod";
import { nodeBinary, nodeVersions, withoutNode } from "../kit/support/node-versions.ts";
import { without } from "../shared/programs.ts";
import { runProgram } from "../shared/run-program.ts";
import { folderWith } from "./support/command-line.ts";
import * as valid from "./support/valid-configs.ts";

// Every block of code in the README of the doctor runs from the packed tarball and the registry, on each supported version
// of Node.

const root = fileURLToPath(new URL("../../", import.meta.url));
const read = (file: string) => readFileSync(join(root, file), "utf8");
const readme = read("src/doctor/README.md");
const blocks = [...readme.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, language = "", code = ""]) => ({
  language,
  code,
}));
const blockWith = (text: string) => blocks.find(({ code }) => code.includes(text))?.code ?? assert.fail(text);

/** The Deployment that the example describes: the report names lines 9, 11 and 15. */
const deployment = `apiVersion: apps/v1
kind: Deployment
metadata: { name: api }
spec:
  selector: { matchLabels: { app: api } }
  template:
    metadata:
      labels: { app: api }
    spec:
      containers:
        - name: api
          image: haven-api:0.1.0
          env:
            - name: DRAIN_DELAY_MS
              value: "15000"
`;

const folder = folderWith({
  "tarball/.keep": "",
  "project/package.json": '{"type":"module"}',
  "project/example/api.yaml": deployment,
  "project/settings/nginx.conf": valid.nginx,
  "project/settings/doctor.env": valid.settings,
  "project/files/nginx/nginx.conf": valid.nginx,
  "project/files/docker-compose.yml": "services: { app1: { image: orders } }\n",
  "project/files/overlays/production/kustomization.yaml": "resources: [api.yaml]\n",
  "project/files/overlays/production/api.yaml": deployment,
});
const project = join(folder, "project");

before(async () => {
  const npm = async (cwd: string, ...args: readonly string[]) => {
    const { code, output } = await runProgram("npm", [...args, "--no-audit", "--no-update-notifier"], { cwd });
    assert.equal(code, 0, output);
  };
  await npm(root, "pack", "./src/doctor", "--pack-destination", join(folder, "tarball"));
  const [tarball = ""] = readdirSync(join(folder, "tarball")).filter((name) => name.endsWith(".tgz"));
  await npm(project, "install", join(folder, "tarball", tarball));
});

const current: { version: string; skip: string | false } = { version: process.versions.node, skip: false };
const versions = [...nodeVersions.map((version) => ({ version, skip: withoutNode(version).skip })), current];

/** Runs lines of a shell with this version of Node first on the PATH. */
async function shell(version: string, cwd: string, script: string) {
  const node = version === process.versions.node ? process.execPath : nodeBinary(version);
  const path = `${dirname(node)}:${join(project, "node_modules/.bin")}:${process.env["PATH"]}`;
  const env = { PATH: path, HOME: folder, npm_config_offline: "true", npm_config_update_notifier: "false" };
  return runProgram("bash", ["-c", script], { cwd: join(project, cwd), env, timeoutMs: 60_000 });
}

for (const { version, skip } of versions) {
  test(`Node ${version}: the first command of the README prints the report that the README shows`, {
    skip,
  }, async () => {
    const { code, output } = await shell(version, "example", blockWith("npx @haven-api/doctor .\n"));
    assert.equal(code, 1, output);
    assert.ok(output.includes(blockWith("✗ error    grace-shorter-than-drain")), output);
  });

  test(`Node ${version}: settings of an application come from a file`, { skip }, async () => {
    const { code, output } = await shell(version, "settings", blockWith("--settings doctor.env"));
    assert.match(output, /settings doctor\.env/);
    assert.equal(code, 0, output);
  });

  test(`Node ${version}: options name single files, and rendered objects come from a pipe`, {
    skip: skip || without("kubectl"),
  }, async () => {
    const [single = "", piped = ""] = blockWith("haven-doctor --nginx").trim().split("\n");
    const files = await shell(version, "files", single.replace("/etc/nginx", "nginx"));
    assert.match(files.output, /^Read: nginx nginx, .*docker-compose\.yml/);
    assert.ok(files.code === 0 || files.code === 1, files.output);
    const objects = await shell(version, "files", piped);
    assert.match(objects.output, /grace-shorter-than-drain/);
    assert.equal(objects.code, 1);
  });

  test(`Node ${version}: --sarif writes a report for code scanning`, { skip }, async () => {
    const { code, output } = await shell(version, "example", blockWith("--sarif"));
    assert.equal(code, 1, output);
    const sarif = JSON.parse(readFileSync(join(project, "example/doctor.sarif"), "utf8"));
    assert.ok(sarif.runs[0].results.some(({ ruleId }: { ruleId: string }) => ruleId === "grace-shorter-than-drain"));
  });

  test(`Node ${version}: the library returns the report and the exit code`, { skip }, async () => {
    mkdirSync(join(project, "library"), { recursive: true });
    writeFileSync(join(project, "library/nginx.conf"), valid.nginx);
    writeFileSync(join(project, "library/block.ts"), blockWith("runDoctor"));
    const { code, output } = await shell(version, "library", "node --no-warnings block.ts");
    assert.deepEqual([code, output.trim()], [0, ""]);
  });
}

test("the workflow and the hook of the README use inputs and a name that exist", () => {
  const workflow = z.object({
    jobs: z.object({ doctor: z.object({ steps: z.array(z.record(z.string(), z.unknown())) }) }),
  });
  const { steps } = workflow.parse(parse(blockWith(".github/workflows/doctor.yml"))).jobs.doctor;
  const action = z.object({ inputs: z.record(z.string(), z.unknown()) }).parse(parse(read("action.yml")));
  const [step] = steps.filter(({ uses }) => String(uses).includes("/haven-api@v"));
  for (const input of Object.keys(z.record(z.string(), z.unknown()).parse(step?.["with"])))
    assert.ok(input in action.inputs, input);
  const hooks = z.object({ repos: z.array(z.object({ hooks: z.array(z.object({ id: z.string() })) })) });
  const [repo] = hooks.parse(parse(blockWith(".pre-commit-config.yaml"))).repos;
  const defined = z.array(z.object({ id: z.string() })).parse(parse(read(".pre-commit-hooks.yaml")));
  assert.deepEqual(
    repo?.hooks.map(({ id }) => id),
    defined.map(({ id }) => id),
  );
});

test("these tests run every block of the README", () => {
  const languages = blocks.map(({ language }) => language);
  assert.deepEqual(languages, ["sh", "", "sh", "sh", "sh", "yaml", "yaml", "ts"]);
});

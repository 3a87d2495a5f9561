import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { z } from "zod";
import { version } from "../../src/core/identity.ts";
import { probeKindOf } from "../support/probe-kinds.ts";

const shipped = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

type Instruction = { word: string; args: string };
type Stage = { from: string; name: string; instructions: Instruction[] };

/** Supports only comments and continued lines, because the file uses no other syntax. */
function stagesOf(text: string): Stage[] {
  const lines = text
    .split("\n")
    .filter((line) => !/^\s*(#|$)/.test(line))
    .join("\n")
    .replaceAll(/\s*\\\n\s*/g, " ")
    .split("\n");
  const stages: Stage[] = [];
  for (const line of lines) {
    const [, word = "", args = ""] = /^([A-Z]+) (.*)$/.exec(line) ?? [];
    assert.notEqual(word, "", `not an instruction: ${line}`);
    const [, from = "", , name = ""] = /^(\S+)( AS (\S+))?$/.exec(word === "FROM" ? args : "") ?? [];
    if (word === "FROM") stages.push({ from, name, instructions: [] });
    else stages.at(-1)?.instructions.push({ word, args });
  }
  return stages;
}

const stages = stagesOf(shipped("docker/Dockerfile"));
const finalStage = stages.at(-1);
assert.ok(finalStage);
const allInstructions = stages.flatMap(({ instructions }) => instructions);
const instructionsOf = (stage: Stage | undefined, word: string) =>
  (stage?.instructions ?? []).filter((one) => one.word === word).map(({ args }) => args);
const instructionOf = (word: string) => {
  const found = instructionsOf(finalStage, word);
  assert.equal(found.length, 1, `${word} in the last stage`);
  return found[0] ?? "";
};
const words = (args: string) => z.array(z.string()).parse(JSON.parse(args));

test("every stage uses one pinned slim image, with the Node version of development", () => {
  const [base, ...others] = stages;
  const { devDependencies } = z
    .object({ devDependencies: z.object({ node: z.string() }) })
    .parse(JSON.parse(shipped("package.json")));
  assert.match(base?.from ?? "", /^node:\d+\.\d+\.\d+-[a-z]+-slim(@sha256:[0-9a-f]{64})?$/);
  assert.ok(base?.from.startsWith(`node:${devDependencies.node}-`));
  const names = stages.map(({ name }) => name);
  for (const { from } of others) assert.ok(names.includes(from), from);
});

test("only packages of the lock file are downloaded", () => {
  for (const { word, args } of allInstructions) {
    assert.notEqual(word, "ADD");
    assert.ok(!/https?:|(^|[;&|] *)(curl|wget|npx|apt(-get)?|npm (?!ci|run build))\b/.test(args), args);
  }
  const installs = allInstructions.filter(({ args }) => args.includes("npm ci")).map(({ args }) => args);
  assert.equal(installs.length, 2);
  for (const install of installs) assert.match(install, /--ignore-scripts/);
});

test("the final stage has production packages only", () => {
  const names = instructionsOf(finalStage, "COPY").map((args) => /^--from=(\S+) \/app \/app$/.exec(args)?.[1]);
  assert.equal(names.length, 1);
  // No stage between the base and the final stage installs a development package.
  for (let stage = stages.find(({ name }) => name === names[0]); stage; ) {
    for (const args of instructionsOf(stage, "RUN")) if (args.includes("npm ci")) assert.match(args, /--omit=dev/);
    for (const args of instructionsOf(stage, "COPY"))
      if (args.startsWith("--from=")) assert.equal(args, "--from=build /app/dist ./dist");
    stage = stages.find(({ name }) => name === stage?.from);
  }
});

test("the image runs with a numeric non-root user, in exec form, and stops at SIGTERM", () => {
  assert.match(instructionOf("USER"), /^[1-9]\d*:[1-9]\d*$/);
  const [user = ""] = instructionOf("USER").split(":");
  assert.match(shipped("k8s/base/deployment.yaml"), new RegExp(`runAsUser: ${user}\n`));
  assert.deepEqual(words(instructionOf("ENTRYPOINT")), ["node", "dist/main.js"]);
  assert.deepEqual(words(instructionOf("CMD")), ["start"]);
  assert.equal(instructionOf("STOPSIGNAL"), "SIGTERM");
  assert.match(instructionOf("ENV"), /NODE_ENV=production/);
  for (const { word, args } of allInstructions) if (word === "COPY") assert.ok(!args.includes("--chown"), args);
});

test("the health check requests /alive with node", () => {
  const [, options = "", command = ""] = /^(.*) CMD (\[.*\])$/.exec(instructionOf("HEALTHCHECK")) ?? [];
  const [node, file, path = "", ...more] = words(command);
  assert.deepEqual([node, file, more], ["node", "healthcheck.js", []]);
  assert.equal(probeKindOf(path), "live");
  for (const option of ["interval", "timeout", "start-period", "retries"])
    assert.match(options, new RegExp(`--${option}=`));
});

test("the labels describe the image", () => {
  const labels = instructionOf("LABEL");
  for (const name of ["title", "description", "version", "revision", "licenses"])
    assert.match(labels, new RegExp(`org\\.opencontainers\\.image\\.${name}=`));
  assert.ok(instructionsOf(finalStage, "ARG").includes(`VERSION=${version}`));
  assert.match(shipped("docs/kubernetes.md"), new RegExp(`--file docker/Dockerfile --tag haven-api:${version} \\.`));
});

test("the build context contains only the copied files", () => {
  const patterns = shipped(".dockerignore")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
  assert.equal(patterns[0], "*");
  const sent = patterns.filter((line) => line.startsWith("!")).map((line) => line.slice(1));
  const copied = allInstructions
    .filter(({ word, args }) => word === "COPY" && !args.startsWith("--from"))
    .flatMap(({ args }) => args.split(" ").slice(0, -1));
  assert.deepEqual(sent.sort(), [...new Set(copied)].sort());
  for (const path of sent) assert.ok(existsSync(new URL(`../../${path}`, import.meta.url)), path);
  assert.deepEqual(
    patterns.filter((line) => line !== "*" && !line.startsWith("!")),
    ["src/embedded"],
  );
});

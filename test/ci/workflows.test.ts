import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { z } from "zod";
import { version } from "../../src/core/identity.ts";
import { runProgram } from "../shared/run-program.ts";
import { linterProgram } from "./support/workflow-linters.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const read = (file: string) => readFileSync(join(root, file), "utf8");

const workflows = globSync(".github/workflows/*.{yml,yaml}", { cwd: root });
const actions = globSync([".github/**/action.{yml,yaml}", "action.{yml,yaml}", "src/**/action.{yml,yaml}"], {
  cwd: root,
});

const permissions = z.record(z.string(), z.string());
const step = z.looseObject({ uses: z.string().optional(), with: z.looseObject({}).optional() });
const workflow = z.looseObject({
  on: z.unknown(),
  permissions,
  jobs: z.record(
    z.string(),
    z.looseObject({ permissions: permissions.optional(), steps: z.array(step), "timeout-minutes": z.number() }),
  ),
});

/**
 * Returns the error of a line that names an action. Actions of this repository, and images with a digest, need no
 * commit.
 */
function pinningFault(line: string): string | undefined {
  const [, name = "", comment = ""] = /uses:\s*["']?([^\s"'}]+)["']?\s*(.*)$/.exec(line) ?? [];
  if (name.startsWith("./") || /^docker:\/\/.+@sha256:[0-9a-f]{64}$/.test(name)) return undefined;
  if (!/^[\w.-]+\/[\w./-]+@[0-9a-f]{40}$/.test(name)) return `${name} is not pinned to a commit`;
  return /^# v\d+\.\d+\.\d+$/.test(comment) ? undefined : `${name} has no comment with its version`;
}

test("an action is pinned to a commit, with its version in a comment", () => {
  const lines = [...workflows, ...actions].flatMap((file) =>
    read(file)
      .split("\n")
      .filter((line) => /^\s*(?:-\s*)?["']?uses["']?:/.test(line))
      .map((line) => `${file}: ${pinningFault(line) ?? "pinned"}`),
  );
  assert.ok(lines.length >= 2);
  assert.deepEqual(
    lines.filter((line) => !line.endsWith(": pinned")),
    [],
  );
});

test("a tag, a branch, a short commit and a commit without a version are faults", () => {
  const commit = "3d3c42e5aac5ba805825da76410c181273ba90b1";
  for (const line of ["a/b@v4", "a/b@main", "a/b@3d3c42e", "a/b", `a/b@${commit}`, "docker://alpine:3.22"])
    assert.notEqual(pinningFault(`- uses: ${line}`), undefined, line);
  for (const line of [`a/b@${commit} # v7.0.1`, `a/b/c@${commit} # v1.2.3`, "./.github/actions/x"])
    assert.equal(pinningFault(`- uses: ${line}`), undefined, line);
});

/** Only a tag starts the release, so that no pull request gets the rights of its jobs. */
const release = ".github/workflows/release.yml";
/** The rights of a job in addition to reading. */
const rights: Readonly<Record<string, readonly string[]>> = {
  [`${release} packages`]: ["id-token: write"],
  [`${release} image`]: ["packages: write"],
  [`${release} publish`]: ["contents: write", "packages: write", "id-token: write"],
};

for (const file of workflows) {
  test(`${file}: the token has only the listed rights, is not stored in the checkout, and is not available to the code of a fork`, () => {
    const { on, permissions: workflowPermissions, jobs } = workflow.parse(parse(read(file)));
    assert.doesNotMatch(JSON.stringify(on), /pull_request_target|workflow_run/);
    const ofJobs = Object.entries(jobs).map(([name, job]) => [name, job.permissions ?? {}] as const);
    for (const [job, jobPermissions] of [["", workflowPermissions] as const, ...ofJobs]) {
      const allowed = ["contents: read", ...(rights[`${file} ${job}`] ?? [])];
      const additional = Object.entries(jobPermissions).filter(
        ([scope, right]) => !allowed.includes(`${scope}: ${right}`),
      );
      assert.deepEqual(
        additional.filter(([, right]) => right !== "none"),
        [],
        job,
      );
    }
    for (const { steps } of Object.values(jobs))
      for (const { uses, with: inputs } of steps)
        if (uses?.startsWith("actions/checkout@")) assert.equal(inputs?.["persist-credentials"], false);
  });
}

test("only a tag starts the release, and every job of it waits for all tests", () => {
  const { on, jobs } = workflow.parse(parse(read(release)));
  assert.deepEqual(on, { push: { tags: ["v*.*.*"] } });
  const needs = z.union([z.string().transform((name) => [name]), z.array(z.string())]).default([]);
  const allNeedsOf = (name: string): string[] =>
    needs.parse(jobs[name]?.["needs"]).flatMap((one) => [one, ...allNeedsOf(one)]);
  for (const name of Object.keys(jobs)) if (name !== "verify") assert.ok(allNeedsOf(name).includes("verify"), name);
  assert.match(JSON.stringify(jobs["verify"]), /\.ci\/run/);
});

test("a dependency update is merged automatically only after all tests, including those of the proxies and the chaos run", () => {
  const { extends: presets, packageRules } = JSON.parse(read("renovate.json"));
  assert.ok(presets.includes("helpers:pinGitHubActionDigests"));
  const merging = packageRules.filter((rule: { automerge?: boolean }) => rule.automerge);
  assert.ok(merging.length > 0);
  for (const rule of merging) assert.equal(rule.ignoreTests, false);
  const ci = JSON.stringify(workflow.parse(parse(read(".github/workflows/ci.yml"))));
  assert.match(ci, /\.ci\/run/);
  for (const command of ["CI=true npm test", "npm run chaos -- --quick"])
    assert.ok(read(".ci/run").split("\n").includes(command), command);
});

for (const [name, args] of [
  ["actionlint", []],
  ["zizmor", ["--offline", "--no-progress", "--quiet", ".github"]],
] as const) {
  const program = linterProgram(name);
  test(`${name} reports nothing about the workflows`, {
    skip: program === undefined && `${name} is not installed`,
  }, async () => {
    const { code, output } = await runProgram(program ?? name, args, { cwd: root });
    assert.equal(code, 0, output);
  });
}

test("the security policy states how to report privately and which versions are supported; the README links to it", () => {
  const policy = read("SECURITY.md");
  assert.match(policy, /\*\*Report a vulnerability\*\*\s+\(\[direct link\]\(\.\.\/\.\.\/security\/advisories\/new\)\)/);
  assert.ok(policy.includes(`latest ${version.replace(/\.\d+$/, ".x")} release`));
  for (const [, folder = ""] of policy.matchAll(/`(\w+)\/`/g)) assert.ok(existsSync(join(root, folder)), folder);
  assert.match(read("README.md"), /\]\(SECURITY\.md\)/);
});

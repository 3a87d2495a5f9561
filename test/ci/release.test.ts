import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { closeSection, nextVersion, notesOf } from "../../.ci/release/changelog.ts";
import { atEnd } from "../shared/at-end.ts";
import { runProgram } from "../shared/run-program.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const changelog = "# Changelog\n\n## Unreleased\n\n- New.\n\n## 0.1.0 (2026-01-02)\n\n- First.\n";

test("the next version follows semver", () => {
  assert.equal(nextVersion("0.1.9", "patch"), "0.1.10");
  assert.equal(nextVersion("0.1.9", "minor"), "0.2.0");
  assert.equal(nextVersion("1.4.2", "major"), "2.0.0");
});

test("a release renames the section Unreleased of the changelog to its version, and the section becomes the release notes", () => {
  const released = closeSection(changelog, "0.2.0", "2026-12-01");
  assert.equal(notesOf(released, "0.2.0"), "- New.");
  assert.equal(notesOf(released, "0.1.0"), "- First.");
  assert.equal(notesOf(released, "0.3.0"), "");
  assert.match(released, /## Unreleased\n\n## 0\.2\.0 \(2026-12-01\)\n\n- New\./);
  assert.throws(() => closeSection(released, "0.3.0", "2026-12-02"), /nothing under Unreleased/);
});

test("a release gives every package and image the same version, and a tag of another version is refused", async () => {
  const folder = mkdtempSync(join(tmpdir(), "haven-release-"));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  const git = (...args: string[]) => execFileSync("git", args, { cwd: folder, stdio: ["ignore", "pipe", "inherit"] });
  for (const path of [
    ".ci/release",
    "CHANGELOG.md",
    "SECURITY.md",
    "action.yml",
    ".pre-commit-hooks.yaml",
    "package.json",
    "package-lock.json",
    "src/kit/package.json",
    "src/doctor/package.json",
    "src/create/package.json",
    "docker/Dockerfile",
    "docker/docker-compose.lb.yml",
    "k8s/base",
  ]) {
    mkdirSync(join(folder, path, ".."), { recursive: true });
    cpSync(join(root, path), join(folder, path), { recursive: true });
  }
  // npm writes the lock file, and needs no network, because it has nothing to resolve.
  writeFileSync(join(folder, ".npmrc"), "offline=true\n");
  git("init", "--quiet");
  git("add", "--all");
  git("-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "--quiet", "--message", "all");
  const current = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).version;
  const next = nextVersion(current, "minor");
  const release = (...args: string[]) =>
    runProgram(process.execPath, [".ci/release/main.ts", ...args], { cwd: folder, timeoutMs: 60_000 });
  assert.equal((await release("check", `v${next}`)).code, 1);
  const bumped = await release("minor");
  assert.equal(bumped.code, 0, bumped.output);
  assert.equal((await release("check", `v${next}`)).code, 0);
  assert.notEqual((await release("notes", `v${next}`)).output.trim(), "");
  for (const file of ["action.yml", ".pre-commit-hooks.yaml"])
    assert.ok(readFileSync(join(folder, file), "utf8").includes(`@haven-api/doctor@${next}`), file);
  const outdated = ["docker/Dockerfile", "docker/docker-compose.lb.yml", "k8s/base/kustomization.yaml"].filter((file) =>
    readFileSync(join(folder, file), "utf8").includes(`haven-api:${current}`),
  );
  assert.deepEqual(outdated, []);
});

import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { closeSection, isStep, nextVersion, notesOf } from "./changelog.ts";

// npm run release -- patch   writes the next version into all files; commit and tag them afterwards
// node .ci/release/main.ts check v0.2.0   fails if the tag is not the version of every package
// node .ci/release/main.ts notes v0.2.0   prints the section of the changelog

const packages = ["package.json", "src/kit/package.json", "src/doctor/package.json", "src/create/package.json"];
const read = (file: string) => readFileSync(file, "utf8");
const versionOf = (file: string) => (JSON.parse(read(file)) as { version: string }).version;
const fail = (message: string): never => {
  process.stderr.write(`${message}\n`);
  process.exit(1);
};

const [command = "", tag = ""] = process.argv.slice(2);
if (isStep(command)) bump(nextVersion(versionOf("package.json"), command));
else if (command === "check") check(tag);
else if (command === "notes") process.stdout.write(`${notesOf(read("CHANGELOG.md"), tag.replace(/^v/, ""))}\n`);
else fail("Usage: npm run release -- major|minor|patch");

function bump(version: string): void {
  if (execFileSync("git", ["status", "--porcelain"]).length > 0) fail("Commit or discard your changes first.");
  const current = versionOf("package.json");
  writeFileSync("CHANGELOG.md", closeSection(read("CHANGELOG.md"), version, new Date().toISOString().slice(0, 10)));
  for (const file of packages) replace(file, `"version": "${current}"`, `"version": "${version}"`);
  // The shipped files also contain the version, in the names of images and jobs.
  const filesAndFolders = [
    "package-lock.json",
    "SECURITY.md",
    "action.yml",
    ".pre-commit-hooks.yaml",
    "docker",
    "k8s",
    "cloud",
    "docs",
  ];
  const dashed = (text: string) => text.replaceAll(".", "-");
  for (const file of execFileSync("git", ["ls-files", ...filesAndFolders])
    .toString()
    .trim()
    .split("\n")) {
    for (const [before, after] of [
      [`haven-api:${current}`, `haven-api:${version}`],
      [`doctor@${current}`, `doctor@${version}`],
      [`VERSION=${current}`, `VERSION=${version}`],
      [`migrate-${dashed(current)}`, `migrate-${dashed(version)}`],
      [`latest ${current.replace(/\d+$/, "x")}`, `latest ${version.replace(/\d+$/, "x")}`],
    ] as const)
      replace(file, before, after);
  }
  execFileSync("npm", ["install", "--package-lock-only", "--no-audit"], { stdio: "ignore" });
  process.stdout.write(
    `Now ${version}. Run npm test, commit, then: git tag --sign v${version} && git push --follow-tags\n`,
  );
}

function replace(file: string, before: string, after: string): void {
  const text = read(file);
  if (text.includes(before)) writeFileSync(file, text.replaceAll(before, after));
}

function check(tag: string): void {
  const wrong = packages.filter((file) => `v${versionOf(file)}` !== tag);
  if (wrong.length > 0) fail(`${tag} is not the version in ${wrong.join(", ")}.`);
  if (notesOf(read("CHANGELOG.md"), tag.slice(1)) === "") fail(`CHANGELOG.md has no section for ${tag}.`);
}

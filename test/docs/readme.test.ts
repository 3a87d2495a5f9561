import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { demoLogin } from "../../src/embedded/demo/add-demo-data.ts";
import { atEnd } from "../shared/at-end.ts";
import { eventually } from "../shared/eventually.ts";
import { postJson } from "../shared/requests/http.ts";
import { register, sameSecret } from "../shared/requests/people.ts";
import { runProgram } from "../shared/run-program.ts";
import { startHavenProcess } from "../shared/servers/haven-process.ts";
import { aProperty, as } from "../support/fixtures/property-fixtures.ts";
import { startHaven } from "../support/haven.ts";
import { imageOf } from "../support/kubernetes/images.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const readme = readFileSync(join(root, "README.md"), "utf8");
const blocksOf = (file: string): string[] =>
  [...readFileSync(join(root, file), "utf8").matchAll(/```sh\n([\s\S]*?)```/g)].map(([, text = ""]) => text);

test("every curl command in the README works on a server started with npm start", async () => {
  const folder = mkdtempSync(join(tmpdir(), "haven-readme-"));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  const embedded = { NODE_ENV: "development", DATABASE_URL: "", REDIS_URL: "", EMBEDDED_DATA_DIR: folder };
  const haven = await startHavenProcess({ entry: "main", env: embedded });
  atEnd(() => haven.child.kill("SIGTERM") && haven.exited);

  const login = () => postJson(`${haven.url}/api/v1/auth/login`, demoLogin);
  await eventually(login, ({ status }) => status === 200);

  const curlBlocks = blocksOf("README.md").filter((block) => block.includes("curl"));
  assert.ok(curlBlocks.length >= 3);
  for (const block of curlBlocks) {
    const script = block.replaceAll("localhost:4000", `127.0.0.1:${haven.port}`).replaceAll("curl ", "curl -fsS ");
    const { code, output } = await runProgram("bash", ["-euo", "pipefail", "-c", script]);
    assert.equal(code, 0, `${script}\n${output}`);
    assert.ok(output.length > 20, `${script}\n${output}`);
    assert.doesNotMatch(output, /api\/problems/);
    if (block.includes("/stream")) assert.match(output, /^data: .*"type":"created".*"title":"Kitchen tap drips"/m);
  }
});

test("the commands for photos and the stream work with the user's token and property", async () => {
  const haven = await startHaven({ env: sameSecret });
  const person = await register(haven.url);
  const property = await as(haven.url, person).make("/properties", aProperty);
  const folder = mkdtempSync(join(tmpdir(), "haven-commands-"));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, "house.jpg"), await imageOf("jpeg"));
  writeFileSync(join(folder, "me.png"), await imageOf("png"));
  const env = { PATH: process.env["PATH"], TOKEN: person.accessToken, PROPERTY: property.id };
  for (const [page, expected] of [
    ["photos", /"urls":[\s\S]*"avatarUrl":/],
    ["stream", /retry: 2000\n\nid: 0/],
  ] as const) {
    const [block = ""] = blocksOf(`docs/${page}.md`);
    const script = block.replaceAll("localhost:4000", `127.0.0.1:${haven.port}`).replaceAll("curl ", "curl -sS -m 2 ");
    const { output } = await runProgram("bash", ["-c", script], { cwd: folder, env });
    assert.match(output, expected);
  }
});

test("the README names every npm script and no other, and every linked file exists", () => {
  const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: object };
  const namedScripts = [...readme.matchAll(/npm (?:run )?([\w-]+)/g)].map(([, name = ""]) => name);
  for (const [, name = ""] of readme.matchAll(/npm run ([\w-]+)/g)) assert.ok(name in scripts, name);
  for (const name of Object.keys(scripts)) assert.ok(name === "postinstall" || namedScripts.includes(name), name);
  for (const file of [
    "README.md",
    "docs/readiness.md",
    "docs/add-a-feature.md",
    "docs/sessions.md",
    "docs/api-keys.md",
    "docs/administration.md",
    "docs/trusted-issuers.md",
    "docs/leaving.md",
    "docs/stream.md",
    "docs/photos.md",
    "docs/where-to-change.md",
  ]) {
    const text = readFileSync(join(root, file), "utf8");
    for (const [, link = ""] of text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g))
      assert.ok(existsSync(join(root, dirname(file), link)), `${file} links to ${link}`);
  }
});

test("every table of the README begins with its header", () => {
  const lines = readme.split("\n");
  const starts = lines.flatMap((line, index) =>
    line.startsWith("|") && !lines[index - 1]?.startsWith("|") ? [index] : [],
  );
  for (const index of starts) {
    assert.equal(lines[index - 1], "", `line ${index + 1} follows a blank line`);
    assert.match(lines[index + 1] ?? "", /^\| ---/, `line ${index + 1} is a header`);
  }
});

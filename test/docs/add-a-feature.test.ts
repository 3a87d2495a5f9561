import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { before, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { atEnd } from "../shared/at-end.ts";
import { register } from "../shared/requests/people.ts";
import { runProgram } from "../shared/run-program.ts";
import { startHavenProcess } from "../shared/servers/haven-process.ts";
import { freshDatabase } from "../shared/servers/stores/database.ts";
import { as, type Person } from "../support/fixtures/property-fixtures.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const page = readFileSync(join(root, "docs/add-a-feature.md"), "utf8");
let folder: string;

/** Copies the project, and adds the code of the page. */
before(() => {
  folder = mkdtempSync(join(tmpdir(), "haven-feature-"));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  for (const name of ["src", "package.json", "tsconfig.json", "biome.json", ".gitignore", ".dependency-cruiser.cjs"])
    cpSync(join(root, name), join(folder, name), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  for (const [, path = "", blocks = ""] of page.matchAll(/^`(src\/[^`]+)`\n\n((?:```\w+\n[\s\S]*?```\n\n?)+)/gm)) {
    for (const [, kind, text = ""] of blocks.matchAll(/```(\w+)\n([\s\S]*?)```/g)) {
      if (kind === "diff") applyDiff(join(folder, path), text);
      else writeTo(join(folder, path), text);
    }
  }
});

function writeTo(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}

/** Inserts each added line below the line that precedes it in the diff. */
function applyDiff(file: string, diff: string): void {
  let text = readFileSync(file, "utf8");
  const lines = diff.trimEnd().split("\n");
  for (const [index, line] of lines.entries()) {
    if (!line.startsWith("+")) continue;
    const above = `${lines[index - 1]?.slice(1)}\n`;
    assert.equal(text.split(above).length, 2, `"${above.trim()}" has to occur once in ${file}`);
    text = text.replace(above, `${above}${line.slice(1)}\n`);
  }
  writeFileSync(file, text);
}

test("the code of the page passes the format, type and import checks", async () => {
  const run = (name: string, ...args: string[]) =>
    runProgram(join(root, "node_modules/.bin", name), args, { cwd: folder });
  const biome = await run("biome", "check", "--error-on-warnings", "src");
  assert.equal(biome.code, 0, biome.output);
  const tsc = await run("tsc", "-p", ".");
  assert.equal(tsc.code, 0, tsc.output);
  const depcruise = await run("depcruise", "--config", ".dependency-cruiser.cjs", "src");
  assert.equal(depcruise.code, 0, depcruise.output);
});

test("the feature of the page works like every other feature", async () => {
  const database = await freshDatabase({ migrated: false });
  const entry = pathToFileURL(join(folder, "src/main.ts"));
  const { url } = await startHavenProcess({ env: { DATABASE_URL: database, AUTH_RATE_LIMIT: "0" }, entry });
  const owner: Person = as(url, await register(url));
  const otherUser = as(url, await register(url));

  const supplier = { name: "Marques & Sons", trade: "plumbing", phone: "+351210000000" };
  const key = { "idempotency-key": "a-supplier" };
  const first = await owner.post("/suppliers", supplier, key);
  assert.equal(first.status, 201, first.text);
  assert.equal((await owner.post("/suppliers", supplier, key)).text, first.text);
  assert.equal((await owner.post("/suppliers", supplier)).status, 409);
  assert.equal((await owner.post("/suppliers", { ...supplier, ownerId: "x" })).status, 400);

  const path = String(first.headers.location).replace("/api/v1", "");
  assert.equal((await owner.get(path, { "if-none-match": String(first.headers.etag) })).status, 304);
  assert.equal((await otherUser.get(path)).status, 404);
  const list = (await owner.get("/suppliers?q=marques")).json() as { items: unknown[] };
  assert.equal(list.items.length, 1);
});

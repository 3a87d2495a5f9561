import assert from "node:assert/strict";
import { test } from "node:test";
import { decisionOn } from "../../src/create/template/build-template.ts";
import { migrationsOfDroppedTables } from "../../src/create/template/domain-migrations.ts";
import { applyEdit } from "../../src/create/template/edit.ts";
import { renameIdentifiers } from "../../src/create/template/identifiers.ts";
import { dropped, kept } from "../../src/create/template/manifest.ts";
import { repository, template } from "./support/projects.ts";

test("the manifest states for every file of this repository whether a new service gets it", () => {
  const unknown = [...repository.keys()].filter((path) => decisionOn(path) === "unknown");
  assert.deepEqual(unknown, [], "name them in src/create/template/manifest.ts");
  for (const path of ["src/features/invoices/routes.ts", "terraform/main.tf", "Makefile"]) {
    assert.equal(decisionOn(path), "unknown", path);
  }
});

test("every entry of the manifest names a file of this repository", () => {
  const paths = [...repository.keys()];
  const stale = [...kept, ...dropped].filter((pattern) => !paths.some((path) => pattern.test(path)));
  assert.deepEqual(stale.map(String), []);
});

test("an edit without a match is an error that names the file", () => {
  assert.throws(() => applyEdit("a\n", { file: "src/app.ts", lines: /b/ }), /src\/app\.ts.*\/b\//);
  assert.throws(() => applyEdit("a\n", { file: "src/app.ts", from: /a/, to: /b/ }), /src\/app\.ts/);
  assert.equal(applyEdit("a\nb\nc\n", { file: "f", from: /a/, to: /b/ }), "c\n");
});

test("a migration that changes only tables of dropped migrations is dropped, and one that also changes other tables is an error", () => {
  const dropped = ["CREATE TABLE properties (id uuid);\nCREATE INDEX properties_by_owner ON properties (owner_id);"];
  const added: [string, string] = ["0015.sql", "ALTER TABLE properties ADD COLUMN remarks text;"];
  const other: [string, string] = ["0016.sql", "CREATE TABLE keys (property uuid REFERENCES properties (id));"];
  assert.deepEqual(migrationsOfDroppedTables([added, other], dropped), ["0015.sql"]);
  const mixed: [string, string] = ["0017.sql", "DELETE FROM users; CREATE UNIQUE INDEX one_name ON properties (name);"];
  assert.throws(() => migrationsOfDroppedTables([mixed], dropped), /0017\.sql changes properties/);
});

test("identifiers are renamed, strings and comments are not", () => {
  const source =
    '#!/usr/bin/env node\n// Haven: „haven“\nconst haven: Haven = startHaven(`haven` + haven.x, "haven", /haven/);\n';
  const expected =
    '#!/usr/bin/env node\n// Haven: „haven“\nconst api: Api = startApi(`haven` + api.x, "haven", /haven/);\n';
  assert.equal(renameIdentifiers(source), expected);
});

test("a new service gets the tests of what it contains", () => {
  for (const path of [
    "test/features/notes.test.ts",
    "test/features/ownership.test.ts",
    "test/auth/sessions/sessions.test.ts",
    "test/auth/sessions/refresh.test.ts",
    "test/db/migrate.test.ts",
    "test/http/bad-input.test.ts",
    "test/k8s/objects.test.ts",
    "test/docker/compose.test.ts",
    "test/edge/nginx.test.ts",
    "test/edge/haproxy.test.ts",
    "test/monitoring/rules.test.ts",
    "test/run.ts",
  ])
    assert.ok(template.files.has(path), path);
});

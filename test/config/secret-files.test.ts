import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileVariable, secretVariables } from "../../src/config/files/secret-files.ts";
import { readConfig } from "../../src/config/read-config.ts";
import { readPostgres, readRedis } from "../../src/config/sections/store-settings.ts";
import { ConfigError, type SettingProblem } from "../../src/config/setting-problems.ts";
import { variables } from "../../src/config/variables.ts";
import { atEnd } from "../shared/at-end.ts";
import { runProgram } from "../shared/run-program.ts";

const folder = mkdtempSync(join(tmpdir(), "haven-secrets-"));
atEnd(() => rmSync(folder, { recursive: true }));

function file(content: string): string {
  const path = join(mkdtempSync(join(folder, "secret-")), "value");
  writeFileSync(path, content);
  return path;
}

function problemsOf(read: () => unknown): readonly SettingProblem[] {
  try {
    read();
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

const strong = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c";

test("secrets come from files, without the line break at their end", () => {
  const config = readConfig({
    NODE_ENV: "production",
    DATABASE_URL_FILE: file("postgres://haven:pw@db.internal/haven\n"),
    REDIS_HOST: "cache.internal",
    REDIS_PASSWORD_FILE: file("redis password \r\n"),
    JWT_SECRET_FILE: file(`${strong}\n`),
    OPS_TOKEN_FILE: file("an-operators-token"),
  });
  assert.equal(config.postgres.url, "postgres://haven:pw@db.internal/haven");
  assert.equal(config.redis.target?.password, "redis password ");
  assert.equal(config.auth.secret, strong);
  assert.equal(config.health.opsToken, "an-operators-token");
});

for (const name of secretVariables) {
  const variable = fileVariable(name);

  test(`the server does not start with both ${variable} and ${name}`, () => {
    const problems = problemsOf(() => readConfig({ [name]: strong, [variable]: file("other") }));
    const message = `is set, and so is ${name}: set only one of them`;
    assert.ok(problems.some((problem) => problem.variable === variable && problem.message === message));
  });

  test(`the server does not start while ${variable} cannot be read, and reports this once, also in production`, () => {
    const problems = problemsOf(() => readConfig({ NODE_ENV: "production", [variable]: join(folder, "absent") }));
    assert.deepEqual(
      problems.filter((problem) => problem.variable === name || problem.variable === variable),
      [{ variable, message: "names a file that cannot be read (ENOENT)" }],
    );
  });
}

test("a byte order mark at the start of a file is left out", () => {
  const url = "postgres://haven:pw@db.internal/haven";
  assert.equal(readConfig({ DATABASE_URL_FILE: file(`\uFEFF${url}\r\n`) }).postgres.url, url);
});

test("the server does not start with a folder instead of a file", () => {
  assert.deepEqual(
    problemsOf(() => readConfig({ JWT_SECRET_FILE: folder })),
    [{ variable: "JWT_SECRET_FILE", message: "names a file that cannot be read (EISDIR)" }],
  );
});

test("the server does not start with a pipe or a device instead of a file, which might never end", async () => {
  const pipe = join(folder, "pipe");
  await runProgram("mkfifo", [pipe]);
  for (const path of [pipe, "/dev/zero"])
    for (const variable of ["JWT_SECRET_FILE", "DATABASE_CA_FILE"])
      assert.deepEqual(
        problemsOf(() => readConfig({ [variable]: path })),
        [{ variable, message: "names a file that cannot be read (not a regular file)" }],
      );
});

test("an empty file counts as unset, so a required secret is missing", () => {
  assert.equal(readConfig({ OPS_TOKEN_FILE: file("\n") }).health.opsToken, undefined);
  const required = { DATABASE_URL: "postgres://db.internal/haven", REDIS_URL: "redis://cache.internal" };
  assert.deepEqual(
    problemsOf(() => readConfig({ NODE_ENV: "production", ...required, JWT_SECRET_FILE: file("") })),
    [{ variable: "JWT_SECRET_FILE", message: "is required in production, and its file is empty" }],
  );
});

test("a file with a malformed value is reported with the variable of the file and without the value", () => {
  const environment = { NODE_ENV: "production", DATABASE_URL_FILE: file("hunter2"), JWT_SECRET_FILE: file("hunter2") };
  const problems = problemsOf(() => readConfig({ ...environment, REDIS_URL: "redis://cache.internal" }));
  assert.deepEqual(
    problems.map(({ variable }) => variable),
    ["DATABASE_URL_FILE", "JWT_SECRET_FILE"],
  );
  assert.doesNotMatch(JSON.stringify(problems), /hunter2/);
});

test("commands read the files of the settings that they use, and no others", () => {
  const environment = {
    DATABASE_URL_FILE: file("postgres://haven:pw@db.internal/haven"),
    REDIS_URL_FILE: file("redis://cache.internal"),
    JWT_SECRET_FILE: join(folder, "absent"),
  };
  assert.equal(readPostgres(environment).url, "postgres://haven:pw@db.internal/haven");
  assert.partialDeepStrictEqual(readRedis(environment).target, { kind: "url", url: "redis://cache.internal" });
  const problems = problemsOf(() => readPostgres({ DATABASE_URL_FILE: join(folder, "absent") }));
  assert.deepEqual(
    problems.map(({ variable }) => variable),
    ["DATABASE_URL_FILE"],
  );
});

test("every secret is a setting", () => {
  for (const name of secretVariables) assert.ok(name in variables.shape, name);
});

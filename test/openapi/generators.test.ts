import assert from "node:assert/strict";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fileOf, skipWithoutGoProgram } from "../shared/go-program.ts";
import { sameSecret } from "../shared/requests/people.ts";
import { runProgram } from "../shared/run-program.ts";
import { startHaven } from "../support/haven.ts";
import { createWorkFolder, generators, runTool } from "./support/generators.ts";
import { vacuum, vacuumArguments } from "./support/vacuum.ts";

type Scripts = { scripts: Record<"generate" | "check" | "start", string> };

const options = generators.skipIfMissing();

describe("docs/openapi.json", { ...options, concurrency: 1 }, () => {
  const folder = options.skip === false ? createWorkFolder() : "";
  const run = async (tool: string, ...args: string[]): Promise<string> => {
    const { code, output } = await runTool(folder, tool, args);
    assert.equal(code, 0, output);
    return output;
  };

  test("has no error and no warning of Spectral", async () => {
    const output = await run("@stoplight/spectral-cli/dist/index.js", "lint", "-r", "spectral.json", "openapi.json");
    assert.match(output, /No results/);
  });

  test("has no error and no warning of Redocly", async () => {
    const output = await run("@redocly/cli/bin/cli.js", "lint", "openapi.json");
    assert.match(output, /is valid/);
    assert.doesNotMatch(output, /warning/i);
  });

  test("has no error of vacuum, if npm run vacuum has built the linter", skipWithoutGoProgram(vacuum), async () => {
    const document = join(folder, "openapi.json");
    const { code, output } = await runProgram(fileOf(vacuum), vacuumArguments(document), { timeoutMs: 120_000 });
    assert.equal(code, 0, output);
  });

  test("gives types without `unknown` by openapi-typescript, for the example package of a typed client", async () => {
    const client = join(folder, "docs/typed-client");
    cpSync(new URL("../../docs/typed-client", import.meta.url), client, { recursive: true });
    cpSync(join(folder, "openapi.json"), join(folder, "docs/openapi.json"));
    const { scripts } = JSON.parse(readFileSync(join(client, "package.json"), "utf8")) as Scripts;
    const runScript = (name: "generate" | "check" | "start") =>
      runProgram("sh", ["-c", scripts[name]], {
        cwd: client,
        env: { ...process.env, PATH: `${join(folder, "node_modules/.bin")}:${process.env["PATH"]}` },
        timeoutMs: 120_000,
      });
    const generated = await runScript("generate");
    assert.equal(generated.code, 0, generated.output);
    // openapi-typescript itself adds `unknown` for headers that are not documented.
    assertNoUnknown(readFileSync(join(client, "haven.d.ts"), "utf8").replaceAll("[name: string]: unknown;", ""));
    const { url } = await startHaven({ env: sameSecret });
    const example = join(client, "example.ts");
    writeFileSync(example, readFileSync(example, "utf8").replace("http://localhost:4000", url));
    assert.deepEqual(await runScript("check"), { code: 0, output: "" });
    assert.deepEqual(await runScript("start"), { code: 0, output: "created Kitchen tap drips high\n" });
  });

  test("gives types without `unknown` by hey-api", async () => {
    await run("@hey-api/openapi-ts/bin/run.js", "-i", "openapi.json", "-o", "hey-api");
    // hey-api gives the type `void` only to a 204. Another response without a body, such as 202, is `unknown`.
    assertNoUnknown(readFileSync(join(folder, "hey-api/types.gen.ts"), "utf8").replaceAll("202: unknown;", ""));
    await compile("hey-api/types.gen.ts");
  });

  test("gives types without `unknown` by orval", async () => {
    await run("orval/dist/bin/orval.mjs", "--config", "orval.config.cjs");
    assertNoUnknown(readFileSync(join(folder, "orval/api.ts"), "utf8"));
  });

  const compile = (file: string) =>
    run(
      "typescript/bin/tsc",
      ...["--noEmit", "--strict", "--skipLibCheck", "--target", "es2024", "--lib", "es2024,dom,dom.iterable"],
      ...["--module", "preserve", "--allowImportingTsExtensions", file],
    );
});

function assertNoUnknown(types: string): void {
  const code = types.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*|"[^"\n]*"|'[^'\n]*'/g, "");
  assert.deepEqual(
    code.split("\n").filter((line) => /\bunknown\b(?!:)/.test(line)),
    [],
  );
}

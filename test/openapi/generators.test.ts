import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { sameSecret } from "../shared/requests/people.ts";
import { runProgram } from "../shared/run-program.ts";
import { startHaven } from "../support/haven.ts";
import { createWorkFolder, generators, runTool } from "./support/generators.ts";

const options = generators.without();

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

  test("gives types without `unknown` by openapi-typescript, and the client in docs/openapi.md runs with them", async () => {
    await run(
      "openapi-typescript/bin/cli.js",
      "openapi.json",
      "--default-non-nullable=false",
      "--output",
      "haven.d.ts",
    );
    // The tool itself allows further headers of any type.
    assertNoUnknown(readFileSync(join(folder, "haven.d.ts"), "utf8").replaceAll("[name: string]: unknown;", ""));
    const { url } = await startHaven({ env: sameSecret });
    const page = readFileSync(fileURLToPath(new URL("../../docs/openapi.md", import.meta.url)), "utf8");
    const [, example = ""] = /```ts\n([\s\S]*?)```/.exec(page) ?? [];
    writeFileSync(join(folder, "client.mts"), example.replace("http://localhost:4000", url));
    await compile("client.mts");
    const { code, output } = await runProgram(process.execPath, ["client.mts"], { cwd: folder });
    assert.deepEqual([code, output], [0, "created Kitchen tap drips high\n"]);
  });

  test("gives types without `unknown` by hey-api", async () => {
    await run("@hey-api/openapi-ts/bin/run.js", "-i", "openapi.json", "-o", "hey-api");
    // hey-api has `void` for a 204 only, and not for another response without a body.
    assertNoUnknown(readFileSync(join(folder, "hey-api/types.gen.ts"), "utf8").replaceAll("202: unknown;", ""));
    await compile("hey-api/types.gen.ts");
  });

  test("gives types without `unknown` by orval", async () => {
    await run("orval/dist/bin/orval.mjs", "--config", "orval.config.cjs");
    assertNoUnknown(readFileSync(join(folder, "orval/haven.ts"), "utf8"));
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

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { proxyFigureFiles } from "./support/proxy-figures.ts";
import { proxyProblemFiles } from "./support/proxy-problems.ts";

const root = new URL("../../", import.meta.url);

for (const [path, text] of [...proxyProblemFiles(), ...proxyFigureFiles()]) {
  test(`${path} equals the output of npm run proxy-files`, () => {
    assert.equal(readFileSync(new URL(path, root), "utf8"), text);
  });
}

test("every error file of HAProxy is generated", () => {
  const files = readdirSync(new URL("haproxy/errors", root)).map((name) => `haproxy/errors/${name}`);
  const generated = [...proxyProblemFiles().keys()].filter((path) => path.startsWith("haproxy/"));
  assert.deepEqual(files.sort(), generated.sort());
});

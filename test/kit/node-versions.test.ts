import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { z } from "zod";
import { ask } from "../shared/requests/http.ts";
import { runProgram } from "../shared/run-program.ts";
import { projectWithFrameworks, startApp, startShop } from "./support/framework-app.ts";
import { withoutFrameworks } from "./support/frameworks.ts";
import { nodeBinary, nodeVersions, withoutNode } from "./support/node-versions.ts";

const shop = await startShop();
let folder = "";
before(async () => {
  if (withoutFrameworks().skip === false) folder = await projectWithFrameworks();
});

for (const version of nodeVersions) {
  const skip = withoutNode(version).skip || withoutFrameworks().skip;
  test(`Node ${version}: an app with the packed kit answers, lists its metrics and drains`, { skip }, async () => {
    const { url, child, exited } = await startApp("node-http", {
      folder,
      shopUrl: shop.url,
      node: nodeBinary(version),
    });
    for (const path of ["/alive", "/ready", "/startup", "/health/detailed", "/api/v1/circuit-breakers"])
      assert.equal((await ask(url + path)).status, 200, path);
    const major = version.split(".")[0];
    assert.match((await ask(`${url}/metrics`)).text, new RegExp(`node="v${major}\\.`));
    const slow = ask(`${url}/slow?ms=700`);
    child.kill("SIGTERM");
    assert.equal((await slow).text, "done");
    assert.deepEqual(await exited, [0, null]);
  });

  for (const [system, file, load] of [
    ["an ES module", "all.mjs", "await import(name)"],
    ["CommonJS", "all.cjs", "require(name)"],
  ] as const) {
    test(`Node ${version}: every path of the exports loads in ${system}`, { skip }, async () => {
      const source = `
        const { readFileSync } = process.getBuiltinModule("node:fs");
        const manifest = JSON.parse(readFileSync("node_modules/@haven-api/health/package.json", "utf8"));
        const names = Object.keys(manifest.exports).map((path) => "@haven-api/health" + path.slice(1));
        for (const name of names) ${load};
        console.log(JSON.stringify(names.length));`;
      writeFileSync(join(folder, file), source);
      const { code, output } = await runProgram(nodeBinary(version), ["--no-warnings", file], { cwd: folder });
      assert.equal(code, 0, output);
      assert.ok(z.number().parse(JSON.parse(output)) >= 13);
    });
  }
}

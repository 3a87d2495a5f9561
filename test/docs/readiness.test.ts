import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { runProgram } from "../shared/run-program.ts";
import { startHaven } from "../support/haven.ts";

const page = readFileSync(new URL("../../docs/readiness.md", import.meta.url), "utf8");

test("the commands of docs/readiness.md show the fleet", async () => {
  const haven = await startHaven({ env: { READY_POLICY: "outlier" } });
  const [, block = ""] = /```sh\n([\s\S]*?)```/.exec(page) ?? [];
  const script = block.replaceAll("localhost:4000", `127.0.0.1:${haven.port}`).replaceAll("curl ", "curl -fsS ");
  const { code, output } = await runProgram("bash", ["-euo", "pipefail", "-c", script]);
  assert.equal(code, 0, output);
  assert.match(output, /"policy":"outlier".*"instances":\[/s);
  assert.match(output, /^\[\+\] postgres up \(critical\)$/m);
  assert.match(output, /^fleet_instances\{state="ready"\} \d+$/m);
});

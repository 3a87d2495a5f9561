import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { atEnd } from "../shared/at-end.ts";
import { eventually } from "../shared/eventually.ts";
import { ask } from "../shared/requests/http.ts";
import { runProgram } from "../shared/run-program.ts";
import { startHavenProcess } from "../shared/servers/haven-process.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

test("the commands of docs/accounts.md take an account from its registration to its deletion", async () => {
  const folder = mkdtempSync(join(tmpdir(), "haven-accounts-"));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  const embedded = { NODE_ENV: "development", DATABASE_URL: "", REDIS_URL: "", EMBEDDED_DATA_DIR: folder };
  const haven = await startHavenProcess({ entry: "main", env: { ...embedded, AUTH_RATE_LIMIT: "0" } });
  atEnd(() => haven.child.kill("SIGTERM") && haven.exited);
  await eventually(
    () => ask(`${haven.url}/startup`),
    ({ status }) => status === 200,
  );

  const [, commands = ""] = /```sh\n([\s\S]*?)```/.exec(readFileSync(join(root, "docs/accounts.md"), "utf8")) ?? [];
  const script = commands.replaceAll("localhost:4000", `127.0.0.1:${haven.port}`).replaceAll("curl ", "curl -fS ");
  const PATH = `${dirname(process.execPath)}:${process.env["PATH"]}`;
  const env = { ...embedded, PATH, HOME: folder };
  const { code, output } = await runProgram("bash", ["-euo", "pipefail", "-c", script], { cwd: root, env });
  assert.equal(code, 0, output);
  assert.doesNotMatch(output, /api\/problems/);
  assert.match(output, /The account is an administrator/);
  assert.match(output, /"email":"bo@example.org","emailVerified":true/);
  assert.match(output, /"active":false[\s\S]*"active":true/);
  assert.match(output, /"sessions":\[\{"id":/);
});

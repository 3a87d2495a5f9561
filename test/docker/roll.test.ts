import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { suite, test } from "node:test";
import { eventually } from "../shared/eventually.ts";
import { without } from "../shared/programs.ts";
import { createSandbox, working } from "./sandbox.ts";

// A successful rolling restart needs a real Docker (docs/docker.md). With a fake Docker, these tests cover a rolling restart
// that fails.

/** Returns the responses of the fake Docker: three ready instances, and a new instance whose state the test sets. */
const fleet = (newInstance: { ready: boolean; state: string }) => `
  *"--filter status=created") echo newInstance ;;
  *com.docker.compose.service=api-server-?" "*) service=\${*##*service=}; echo "old-\${service%% *}" ;;
  "network ls "*) echo front ;;
  "exec newInstance "*) echo "newInstance /ready"; exit ${newInstance.ready ? 0 : 1} ;;
  "exec old-"*) echo "$2 /ready 200 ready" ;;
  *"index .Config.Labels"*) echo "\${*##*old-}" ;;
  "inspect --format {{.Name}} "*) echo "/haven-$4" ;;
  "inspect --format {{.State.Status}} newInstance") echo ${newInstance.state} ;;
  "inspect --format {{.State.ExitCode}} "*) echo 0 ;;
  "logs --tail 15 newInstance") echo "its last log line" ;;
`;

const setUp = async (newInstance: { ready: boolean; state: string }) => {
  const sandbox = createSandbox({ ...working, answers: fleet(newInstance) });
  const { code, output } = await sandbox.run("setup");
  assert.equal(code, 0, output);
  return sandbox;
};

suite("a rolling restart that fails", { skip: without("openssl") }, () => {
  test("a new instance that does not become ready is removed, and all old instances keep serving", async () => {
    const sandbox = await setUp({ ready: false, state: "exited" });
    const { code, output } = await sandbox.run("roll");
    assert.equal(code, 1, output);
    assert.match(output, /the new instance has exited\nits last log line\n/);
    assert.match(output, /the new api-server-1 did not become ready and was removed; .* are unchanged/);
    assert.match(sandbox.calls(), /^start newInstance$[\s\S]*^rm --force newInstance$/m);
    assert.doesNotMatch(sandbox.calls(), /^(stop|rm) old-|^network connect/m);
  });

  test("an interrupted rolling restart removes the new instance and keeps the old instances", async () => {
    const sandbox = await setUp({ ready: false, state: "running" });
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      const roll = spawn(sandbox.file("docker/load-balancer-setup.sh"), ["roll", "--no-build"], {
        env: sandbox.env,
        stdio: "ignore",
        detached: true,
      });
      const before = sandbox.calls().length;
      await eventually(
        () => sandbox.calls().slice(before),
        (calls) => calls.includes("exec newInstance"),
        15_000,
      );
      // The signal goes to the whole process group, as from a terminal.
      process.kill(-(roll.pid ?? Number.NaN), signal);
      await once(roll, "exit");
      assert.match(sandbox.calls().slice(before), /^rm --force newInstance$/m);
      assert.doesNotMatch(sandbox.calls(), /^(stop|rm) old-|^network connect/m);
    }
  });

  test("a rolling restart does not begin while an instance is not ready", async () => {
    const sandbox = createSandbox({
      ...working,
      answers: `"exec old-api-server-2 "*) echo "api-server-2 /ready 503 not_ready"; exit 1 ;;\n${fleet({ ready: true, state: "running" })}`,
    });
    await sandbox.run("setup");
    const { code, output } = await sandbox.run("roll");
    assert.equal(code, 1);
    assert.match(output, /api-server-2 \/ready 503 not_ready: with an instance that is not ready/);
    assert.doesNotMatch(sandbox.calls(), / migrate$|^start |^stop /m);
  });

  test("a rolling restart does not continue after a failed migration", async () => {
    const sandbox = createSandbox({
      ...working,
      answers: `*" migrate") exit 1 ;;\n${fleet({ ready: true, state: "running" })}`,
    });
    await sandbox.run("setup");
    const { code, output } = await sandbox.run("roll", "--no-build");
    assert.equal(code, 1);
    assert.match(output, /the migration failed; every instance is unchanged/);
    assert.doesNotMatch(sandbox.calls(), /^start |^stop /m);
  });
});

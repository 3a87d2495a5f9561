import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { eventually } from "../shared/eventually.ts";
import { send } from "../shared/requests/proxy-client.ts";
import { runProgram } from "../shared/run-program.ts";
import { allUp, serverStates, startHaproxy } from "../shared/servers/proxies.ts";
import { failuresOf, startLoad, summary } from "./support/edge-load.ts";
import { type FakeUpstreams, startFakeUpstreams } from "./support/fake-upstreams.ts";

const script = fileURLToPath(new URL("../../haproxy/drain.sh", import.meta.url));
const drain = (...args: string[]) => runProgram(script, args);
const state = async (name = "api-server-2") => (await serverStates())[name]?.status;

let backends: FakeUpstreams;
before(async () => {
  backends = await startFakeUpstreams();
  await startHaproxy();
});

test("shellcheck reports no problem", async () => {
  assert.deepEqual(await runProgram("shellcheck", [script]), { code: 0, output: "" });
});

test("a wrong command line prints the usage and changes nothing", async () => {
  for (const args of [
    [],
    ["-x", "api-server-2"],
    ["-t", "long", "api-server-2"],
    ["a;b"],
    ["-o", "api-server-2", "true"],
    ["-o", "-b", "api-server-2"],
  ]) {
    const { code, output } = await drain(...args);
    assert.equal(code, 64, args.join(" "));
    assert.match(output, /^Usage|Usage: drain\.sh/m);
  }
  assert.equal((await drain("-h")).code, 0);
  const unknown = await drain("api-server-9");
  assert.deepEqual([unknown.code, unknown.output], [1, "drain.sh: backend haven_api has no server api-server-9\n"]);
  const env = { ...process.env, HAPROXY_SOCKET: "/run/nothing.sock" };
  const unreachable = await runProgram(script, ["api-server-2"], { env });
  assert.equal(unreachable.code, 1);
  assert.match(unreachable.output, /HAProxy does not answer at \/run\/nothing\.sock\n$/);
});

test("an instance is out of rotation and idle while the command runs, returns to rotation afterwards, and no request fails", async () => {
  backends.behave(async (request, response, name) => {
    await sleep(request.url === "/api/v1/long" ? 2500 : 20);
    response.writeHead(request.method === "POST" ? 201 : 200).end(name);
  });
  const load = startLoad({ users: 40 });
  const longRequests = Promise.all(Array.from({ length: 9 }, () => send("/api/v1/long")));
  await sleep(500);
  const drained = drain("api-server-2", "sh", "-c", "echo the command; sleep 2");
  await eventually(state, (now) => now?.startsWith("MAINT") ?? false, 2000);
  const longAnswers = await longRequests;
  assert.deepEqual([...new Set(longAnswers.map(({ text }) => text))].length, 3);
  await eventually(
    async () => (await serverStates())["api-server-2"]?.sessions,
    (sessions) => sessions === 0,
    5000,
  );
  const before = backends.received.filter(({ name }) => name === "api-server-2").length;
  await sleep(1500);
  assert.equal(backends.received.filter(({ name }) => name === "api-server-2").length, before);
  const { code, output } = await drained;
  assert.equal(code, 0, output);
  assert.match(
    output,
    /is out of rotation and has no requests left\nthe command\ndrain\.sh: api-server-2 is in rotation again\n/,
  );
  assert.equal(await state(), "UP");
  await sleep(1000);
  assert.ok(backends.received.filter(({ name }) => name === "api-server-2").length > before);
  const sent = await load.stop();
  process.stderr.write(`drain.sh: ${summary(sent)}\n`);
  assert.deepEqual(failuresOf(sent), []);
  backends.behave();
});

test("an instance that is still busy at the time limit is put back in rotation, and the command does not run", async () => {
  backends.behave(async (_request, response, name) => {
    await sleep(4000);
    response.end(name);
  });
  const longRequests = Promise.all(Array.from({ length: 6 }, () => send("/api/v1/long")));
  await sleep(300);
  const { code, output } = await drain("-t", "2", "api-server-2", "echo", "the command");
  assert.equal(code, 1, output);
  assert.match(output, /still has \d+ requests after 2 s/);
  assert.doesNotMatch(output, /the command/);
  assert.ok((await longRequests).every(({ status }) => status === 200));
  backends.behave();
  await allUp();
});

test("if an instance does not become ready again, it gets no request, and the script reports the failed checks", async () => {
  const { code, output } = await drain("-o", "api-server-2");
  assert.equal(code, 0, output);
  await backends.close("api-server-2");
  const putBack = await drain("-t", "3", "-b", "api-server-2");
  assert.equal(putBack.code, 1, putBack.output);
  assert.match(putBack.output, /does not pass its checks/);
  for (let count = 0; count < 10; count += 1) assert.equal((await send("/api/v1/who")).status, 200);
  await backends.open("api-server-2");
  await allUp();
});

test("the script returns the exit code of the command, and the instance is in rotation again", async () => {
  const { code } = await drain("api-server-2", "sh", "-c", "exit 7");
  assert.equal(code, 7);
  assert.equal(await state(), "UP");
});

test("an interrupted drain leaves the instance in rotation, even if it is interrupted repeatedly", async () => {
  for (const signals of [["SIGINT"], ["SIGINT", "SIGINT", "SIGINT"], ["SIGTERM", "SIGHUP"]] as const) {
    // The script has its own process group. Like a terminal, the test sends each signal to the whole group.
    const child = spawn(script, ["api-server-2", "sleep", "30"], { stdio: "ignore", detached: true });
    const closed = once(child, "close");
    await eventually(state, (now) => now?.startsWith("MAINT") ?? false, 3000);
    await sleep(300);
    for (const signal of signals) {
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, signal);
      await sleep(300);
    }
    const [code] = await closed;
    assert.equal(code, 130);
    assert.equal(await state(), "UP");
  }
});

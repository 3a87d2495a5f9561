import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { atEnd } from "../../shared/at-end.ts";
import { eventually } from "../../shared/eventually.ts";
import { freePort } from "../../shared/free-port.ts";
import { ask } from "../../shared/requests/http.ts";

const app = fileURLToPath(new URL("../support/stopping-app.ts", import.meta.url));

async function start(close: string, env: Readonly<Record<string, string>> = {}) {
  const port = await freePort();
  const child = spawn(process.execPath, [app], {
    env: { ...process.env, npm_lifecycle_event: undefined, PORT: String(port), CLOSE: close, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  atEnd(() => child.kill("SIGKILL"));
  const exited = once(child, "exit");
  let output = "";
  child.stdout.on("data", (chunk) => (output += chunk));
  const url = `http://127.0.0.1:${port}`;
  const status = () =>
    ask(`${url}/ready`).then(
      (answer) => answer.status,
      () => 0,
    );
  await eventually(status, (seen) => seen === 200, 10_000);
  return { child, exited, url, output: () => output };
}

test("SIGTERM drains, closes what the app opened, and exits with 0", async () => {
  const { child, exited, url, output } = await start("well");
  const slow = ask(`${url}/slow`);
  await eventually(
    async () => (await ask(`${url}/metrics`)).text,
    (text) => /^http_requests_in_flight 1$/m.test(text),
  );
  child.kill("SIGTERM");
  assert.equal((await slow).text, "done");
  assert.deepEqual(await exited, [0, null]);
  assert.equal(output(), "closed\n");
});

test("the exit code is 1 if closing fails", async () => {
  const { child, exited } = await start("badly");
  child.kill("SIGTERM");
  assert.deepEqual(await exited, [1, null]);
});

test("the exit code is 1 if a request was cut", async () => {
  const { child, exited, url } = await start("well");
  const never = ask(`${url}/never`).catch((error: unknown) => error);
  await eventually(
    async () => (await ask(`${url}/metrics`)).text,
    (text) => /^http_requests_in_flight 1$/m.test(text),
  );
  child.kill("SIGTERM");
  assert.deepEqual(await exited, [1, null]);
  assert.ok((await never) instanceof Error);
});

test("a second SIGINT exits at once with 130", async () => {
  const { child, exited, url } = await start("well");
  void ask(`${url}/never`).catch(() => undefined);
  child.kill("SIGINT");
  await eventually(
    async () => (await ask(`${url}/ready`)).status,
    (status) => status === 503,
  );
  child.kill("SIGINT");
  assert.deepEqual(await exited, [130, null]);
});

test("a process with two apps exits when both have drained, and a second SIGTERM changes nothing", async () => {
  const adminPort = await freePort();
  const { child, exited, url, output } = await start("well", { PORT_OF_ADMIN: String(adminPort) });
  const admin = `http://127.0.0.1:${adminPort}`;
  await eventually(
    async () => (await ask(`${admin}/ready`)).status,
    (status) => status === 200,
  );
  child.kill("SIGTERM");
  await eventually(
    () => ask(`${url}/alive`).catch(() => undefined),
    (answer) => answer === undefined,
  );
  assert.equal((await ask(admin)).text, "admin");
  child.kill("SIGTERM");
  assert.equal((await ask(admin)).text, "admin");
  assert.deepEqual(await exited, [0, null]);
  assert.equal(output(), "closed\n");
});

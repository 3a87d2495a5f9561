import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { runProgram } from "../shared/run-program.ts";

const script = fileURLToPath(new URL("../../docker/healthcheck.js", import.meta.url));

async function check(port: number, ...args: string[]) {
  const { code, output } = await runProgram(process.execPath, [script, ...args], {
    env: { PATH: process.env["PATH"], PORT: String(port) },
  });
  return { code, output: output.trimEnd() };
}

test("the health check of the image prints the response of a probe, and fails unless the status is 200", async (context) => {
  const server = createServer((request, response) => {
    if (request.url === "/silent") return;
    response.statusCode = request.url === "/ready" ? 503 : 200;
    response.end(request.url === "/odd" ? "not JSON" : '{"status":"fine","instance":"api-server-1"}');
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  context.after(() => server.close());
  assert.deepEqual(await check(port), { code: 0, output: "api-server-1 /alive 200 fine" });
  assert.deepEqual(await check(port, "/ready"), { code: 1, output: "api-server-1 /ready 503 fine" });
  assert.deepEqual(await check(port, "/odd"), { code: 0, output: "? /odd 200 ?" });
  assert.deepEqual(await check(port, "/silent"), { code: 1, output: "/silent: no answer within 4 s" });
  server.close();
  server.closeAllConnections();
  const { code, output } = await check(port);
  assert.equal(code, 1);
  assert.match(output, /^\/alive: .*ECONNREFUSED/);
});

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { before, describe, test } from "node:test";
import { eventually } from "../shared/eventually.ts";
import { ask, readAll } from "../shared/requests/http.ts";
import { openTo, send } from "../shared/requests/proxy-client.ts";
import { runProgram } from "../shared/run-program.ts";
import { names } from "../shared/servers/fleet.ts";
import {
  checkNginx,
  installNginx,
  nginxIsAtLeast,
  type RunningProxy,
  replacedBy,
  startNginx,
} from "../shared/servers/proxies.ts";
import { limitCases } from "./cases/limit-cases.ts";
import { requestCases } from "./cases/request-cases.ts";
import { waitForLogLine } from "./support/edge.ts";
import { type FakeUpstreams, startFakeUpstreams } from "./support/fake-upstreams.ts";
import { assertProblem } from "./support/problem.ts";

const accepted = {
  code: 0,
  output:
    "nginx: the configuration file /etc/nginx/nginx.conf syntax is ok\n" +
    "nginx: configuration file /etc/nginx/nginx.conf test is successful\n",
};

let backends: FakeUpstreams;
let nginx: RunningProxy;
before(async () => {
  backends = await startFakeUpstreams();
  nginx = await startNginx();
});

requestCases(() => ({ proxy: nginx, backends }));
limitCases(() => ({ proxy: nginx, backends }));

for (const [line, status, code] of [
  ["GET /%zz HTTP/1.1", 400, "bad_request"],
  ["GET /%00 HTTP/1.1", 400, "bad_request"],
  ["GET /../metrics HTTP/1.1", 400, "bad_request"],
  ["GET metrics HTTP/1.1", 400, "bad_request"],
  ["GET * HTTP/1.1", 400, "bad_request"],
  ["HEAD /%zz HTTP/1.1", 400, "bad_request"],
  ['"GET" / HTTP/1.1', 400, "bad_request"],
  ["GET / HTTP/x", 400, "bad_request"],
  ["GET / HTTP/2.0", 505, "bad_request"],
  [`GET /${"a".repeat(9000)} HTTP/1.1`, 414, "bad_request"],
  [`GET / HTTP/1.1\r\nX-Long: ${"a".repeat(9000)}`, 431, "headers_too_large"],
] as const) {
  test(`an invalid request line gets a problem, and never a 500: ${line.slice(0, 30)}`, async () => {
    const socket = await openTo();
    socket.write(`${line}\r\nHost: a\r\nConnection: close\r\n\r\n`);
    const [head = "", text = ""] = (await readAll(socket, 1500)).split("\r\n\r\n");
    assert.match(head, new RegExp(`^HTTP/1\\.1 ${status} `));
    const lines = head.split("\r\n").slice(1);
    const headers = Object.fromEntries(lines.map((one) => [one.split(": ")[0]?.toLowerCase(), one.split(": ")[1]]));
    if (line.startsWith("HEAD")) assert.equal(text, "");
    else assertProblem({ status, headers, text, json: () => JSON.parse(text), ms: 0, reused: false }, code);
    const [, id] = /^x-request-id: (.*)$/im.exec(head) ?? [];
    await eventually(() => nginx.log().includes(`"requestId":"${id}"`), Boolean);
  });
}

test("images are requested without cookies and cached for the time that the app sets, and errors are not cached", async () => {
  let responseCount = 0;
  backends.behave((request, response) => {
    responseCount += 1;
    const exists = request.url?.startsWith("/uploads/photo.webp") ?? false;
    const isCacheable = !request.url?.startsWith("/uploads/none.webp");
    response.writeHead(exists ? 200 : 404, {
      "Content-Type": "image/webp",
      "Content-Length": 1000,
      "Cache-Control": isCacheable ? "public, max-age=31536000, immutable" : "no-store",
      "X-Request-Id": "of-the-first-answer",
    });
    response.end(Buffer.alloc(1000, responseCount));
  });
  const headers = { cookie: "haven_session=x", authorization: "Bearer x" };
  const first = await send("/uploads/photo.webp", { headers });
  assert.equal(first.headers["x-cache"], "MISS");
  const upstream = backends.received.at(-1)?.headers;
  assert.deepEqual([upstream?.["cookie"], upstream?.["authorization"]], [undefined, undefined]);
  const cached = await send("/uploads/photo.webp?cache=bust");
  assert.equal(cached.headers["x-cache"], "HIT");
  assert.equal(cached.text, first.text);
  assert.equal(cached.headers["cache-control"], "public, max-age=31536000, immutable");
  assert.notEqual(cached.headers["x-request-id"], "of-the-first-answer");
  // NGINX writes the line after the response.
  const lastId = () => nginx.accessLog().at(-1)?.requestId;
  await eventually(lastId, (id) => id === cached.headers["x-request-id"]);
  const part = await send("/uploads/photo.webp", { headers: { range: "bytes=0-9" } });
  assert.deepEqual([part.status, part.text.length], [206, 10]);
  assert.equal(responseCount, 1);
  for (const name of names) await backends.close(name);
  assert.equal((await send("/uploads/photo.webp")).status, 200);
  for (const name of names) await backends.open(name);
  // A 404 is never cached, whichever path the client sends.
  for (const path of ["/uploads/none.webp", "/uploads/none-for-long.webp"])
    for (let count = 0; count < 2; count += 1) assert.equal((await send(path)).headers["x-cache"], "MISS", path);
  backends.behave();
});

test("a line of the access log contains the client, the request, the duration and the instance", async () => {
  await send("/api/v1/line?secret=1", { headers: { "user-agent": 'quo"te' } });
  const line = await waitForLogLine(nginx, "/api/v1/line");
  assert.equal(line["method"], "GET");
  assert.equal(line["userAgent"], 'quo"te');
  assert.match(String(line["upstream"]), /^127\.0\.0\.[234]:4000$/);
  assert.equal(line["upstreamStatus"], "200");
  assert.equal(typeof line["duration"], "number");
  assert.match(String(line["upstreamDuration"]), /^\d+\.\d+$/);
});

test("a line of the access log is JSON also without a user agent, and after an invalid response of an instance", async () => {
  backends.behave((request) => request.socket.end("garbage\r\n\r\n"));
  const socket = await openTo();
  socket.write("GET /api/v1/garbage HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  await readAll(socket, 1000);
  backends.behave();
  const line = await waitForLogLine(nginx, "/api/v1/garbage");
  assert.equal(line["userAgent"], "");
});

test("the counters of nginx are reachable only from this machine", async () => {
  assert.match((await ask("http://127.0.0.1:8081/nginx_status")).text, /Active connections: \d+/);
  await assert.rejects(ask("http://10.99.0.1:8081/nginx_status"));
  assert.equal((await send("/nginx_status")).headers["x-upstream"]?.includes("api-server"), true);
});

describe("variants", () => {
  test("the files as shipped are accepted without a warning", async () => {
    await installNginx();
    assert.deepEqual(await checkNginx(), accepted);
  });

  const folders = ["variants", "newer"].map((folder) => new URL(`../../nginx/${folder}/`, import.meta.url));
  for (const variant of folders.flatMap((folder) => readdirSync(folder))) {
    test(`${variant} is accepted in place of the file that it replaces`, async () => {
      assert.notEqual(replacedBy(variant), "");
      await installNginx([variant]);
      const outcome = await checkNginx();
      const since = /from-([\d.]+)\.conf$/.exec(variant)?.[1];
      if (since === undefined || (await nginxIsAtLeast(since))) assert.deepEqual(outcome, accepted);
      else assert.match(outcome.output, /unknown directive|not allowed here/, "its name states a newer version");
    });
  }
});

for (const inUse of ["upstream-scaled", "upstream-affinity-cookie"]) {
  test(`newer.sh installs the files for the installed version of nginx, and the configuration stays valid: ${inUse}`, async () => {
    await installNginx([`${inUse}.conf`]);
    const suggestion = await runProgram("/etc/nginx/newer.sh", []);
    assert.equal(suggestion.code, 0, suggestion.output);
    const expected: string[] = [];
    for (const file of readdirSync("/etc/nginx/newer").sort()) {
      const [, name = "", since = ""] = /^(.+)-from-([\d.]+)\.conf$/.exec(file) ?? [];
      const applies = !name.startsWith("upstream-") || name === inUse;
      if (applies && (await nginxIsAtLeast(since))) expected.push(`cp newer/${file} ${replacedBy(file)}`);
    }
    assert.deepEqual(suggestion.output.trim().split("\n").slice(1), expected);
    assert.equal((await runProgram("/etc/nginx/newer.sh", ["--apply"])).code, 0);
    assert.deepEqual(await checkNginx(), accepted);
    await installNginx();
    assert.doesNotMatch((await runProgram("/etc/nginx/newer.sh", [])).output, /upstream/);
  });
}

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { ask } from "../shared/requests/http.ts";
import { send } from "../shared/requests/proxy-client.ts";
import { names } from "../shared/servers/fleet.ts";
import { checkHaproxy, type RunningProxy, startHaproxy, statsPassword } from "../shared/servers/proxies.ts";
import { limitCases } from "./cases/limit-cases.ts";
import { requestCases } from "./cases/request-cases.ts";
import { waitForLogLine } from "./support/edge.ts";
import { type FakeUpstreams, startFakeUpstreams } from "./support/fake-upstreams.ts";

let backends: FakeUpstreams;
let haproxy: RunningProxy;
before(async () => {
  backends = await startFakeUpstreams();
  haproxy = await startHaproxy();
});

requestCases(() => ({ proxy: haproxy, backends }));
limitCases(() => ({ proxy: haproxy, backends }));

test("images are requested without cookies and cached for the time that the app sets, and errors are not cached", async () => {
  let responseCount = 0;
  backends.behave((request, response) => {
    responseCount += 1;
    const exists = request.url?.startsWith("/uploads/photo.webp") ?? false;
    response.writeHead(exists ? 200 : 404, {
      "Content-Type": "image/webp",
      "Content-Length": 1000,
      "Cache-Control": exists ? "public, max-age=31536000, immutable" : "no-store",
      "X-Request-Id": "of-the-first-answer",
    });
    response.end(Buffer.alloc(1000, responseCount));
  });
  const headers = { cookie: "haven_session=x", authorization: "Bearer x" };
  const first = await send("/uploads/photo.webp", { headers });
  const upstream = backends.received.at(-1)?.headers;
  assert.deepEqual([upstream?.["cookie"], upstream?.["authorization"]], [undefined, undefined]);
  const cached = await send("/uploads/photo.webp?cache=bust");
  assert.equal(cached.text, first.text);
  assert.equal(cached.headers["cache-control"], "public, max-age=31536000, immutable");
  assert.notEqual(cached.headers["x-request-id"], "of-the-first-answer");
  assert.equal(responseCount, 1);
  for (const name of names) await backends.close(name);
  assert.equal((await send("/uploads/photo.webp")).status, 200);
  for (const name of names) await backends.open(name);
  backends.behave();
});

test("a log line contains the client, the request, the duration and the instance", async () => {
  await send("/api/v1/line?secret=1", { headers: { "user-agent": 'quo"te' } });
  const line = await waitForLogLine(haproxy, "/api/v1/line");
  assert.equal(line["method"], "GET");
  assert.equal(line["userAgent"], 'quo"te');
  assert.match(String(line["server"]), /^api-server-[123]$/);
  assert.equal(line["end"], "--");
  assert.equal(typeof line["durationMs"], "number");
});

test("metrics and the statistics page are reachable only from this machine, and the page requires the password", async () => {
  assert.match((await ask("http://127.0.0.1:8404/metrics")).text, /haproxy_server_status\{proxy="haven_api"/);
  assert.equal((await ask("http://127.0.0.1:8404/stats")).status, 401);
  const authorization = `Basic ${Buffer.from(`haven:${statsPassword}`).toString("base64")}`;
  assert.match((await ask("http://127.0.0.1:8404/stats", { headers: { authorization } })).text, /api-server-3/);
  await assert.rejects(ask("http://10.99.0.1:8404/metrics"));
});

describe("variants", () => {
  for (const [name, value] of [
    ["HAVEN_AFFINITY", "none"],
    ["HAVEN_AFFINITY", "cookie"],
    ["HAVEN_SCALED", "yes"],
    ["HAVEN_CHECK", "body"],
    ["HAVEN_HTTPS_ONLY", "yes"],
    ["HAVEN_BEHIND", "proxy-protocol"],
    ["HAVEN_BEHIND", "balancer"],
    ["HAPROXY_STATS_PASSWORD", "secret"],
    ["HAPROXY_STATS_PASSWORD", ""],
  ] as const) {
    test(`with ${name}=${value} the file is accepted without a warning`, async () => {
      const { code, output } = await checkHaproxy({ [name]: value });
      assert.deepEqual(
        { code, messages: output.replaceAll(/^\[NOTICE\].*\n/gm, "") },
        {
          code: 0,
          messages: output.includes("valid") ? "Configuration file is valid\n" : "",
        },
      );
    });
  }

  for (const [name, value] of [
    ["HAVEN_AFFINITY", "cookies"],
    ["HAVEN_SCALED", "true"],
    ["HAVEN_CHECK", "Body"],
    ["HAVEN_HTTPS_ONLY", "1"],
    ["HAVEN_BEHIND", "proxy_protocol"],
    ["HAVEN_ACME", "on"],
  ] as const) {
    test(`the misspelt value ${name}=${value} prevents the start, and the message lists the possible values`, async () => {
      const { code, output } = await checkHaproxy({ [name]: value });
      assert.equal(code, 1);
      assert.match(output, new RegExp(`${name} has to be [a-z-]+.* or [a-z-]+, not "${value}"`));
    });
  }
});

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { test } from "node:test";
import { z } from "zod";
import { createHealth, type HealthOptions } from "../../src/kit/index.ts";
import { atEnd } from "../shared/at-end.ts";
import { eventually } from "../shared/eventually.ts";
import { freePort } from "../shared/free-port.ts";
import { ask } from "../shared/requests/http.ts";

async function urlOf(server: Server): Promise<string> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  atEnd(() => server.close());
  return `http://127.0.0.1:${z.object({ port: z.number() }).parse(server.address()).port}`;
}

function make(options: Partial<HealthOptions> = {}) {
  const health = createHealth({ service: "orders", maxEventLoopDelayMs: 0, ...options });
  atEnd(health.stop);
  return health;
}

test("an attached server answers probes and operator endpoints, and passes all other requests to the app", async () => {
  const seen: string[] = [];
  const server = createServer(function (this: unknown, request, response) {
    assert.equal(this, server);
    seen.push(request.url ?? "");
    response.end("app");
  });
  const health = make();
  health.attach(server);
  const url = await urlOf(server);
  for (const path of ["/alive", "/ready", "/startup", "/health/detailed", "/metrics", "/api/v1/circuit-breakers"])
    assert.notEqual((await ask(url + path)).text, "app", path);
  assert.equal((await ask(`${url}/orders`)).text, "app");
  assert.deepEqual(seen, ["/orders"]);
});

test("by default the instance has the name of the host, and the version is 0.0.0", async () => {
  const server = createServer();
  make().attach(server);
  const url = await urlOf(server);
  const { hostname } = await import("node:os");
  assert.partialDeepStrictEqual((await ask(`${url}/alive`)).json(), { instance: hostname(), version: "0.0.0" });
});

test("with a management port, operator endpoints are served on that port only, and probes on both ports", async () => {
  const managementPort = await freePort();
  const health = make({ operators: { managementPort } });
  const server = createServer((_request, response) => response.end("app"));
  health.attach(server);
  const url = await urlOf(server);
  const management = `http://127.0.0.1:${managementPort}`;
  assert.equal((await ask(`${url}/metrics`)).text, "app");
  assert.equal((await ask(`${management}/metrics`)).status, 200);
  for (const base of [url, management]) assert.equal((await ask(`${base}/alive`)).status, 200);
  health.stop();
  await eventually(
    () =>
      ask(`${management}/alive`).then(
        () => "served",
        () => "closed",
      ),
    (seen) => seen === "closed",
  );
});

test("while the event loop is saturated requests are rejected, and probes and operator endpoints are answered", async () => {
  let shed = 0;
  const eventLoop = {
    admits: () => {
      shed += 1;
      return false;
    },
    latest: () => ({ delayMs: 300, longestDelayMs: 300, utilization: 1 }),
    isShedding: () => true,
    shedCount: () => shed,
    stop: () => undefined,
  };
  const server = createServer((_request, response) => response.end("app"));
  make({ eventLoop }).attach(server);
  const url = await urlOf(server);
  const rejected = await ask(`${url}/orders`);
  assert.deepEqual([rejected.status, rejected.headers["retry-after"]], [503, "2"]);
  assert.partialDeepStrictEqual(rejected.json(), { code: "overloaded" });
  assert.equal((await ask(`${url}/ready`)).status, 200);
  const metrics = (await ask(`${url}/metrics`)).text;
  assert.match(metrics, /^http_requests_shed_total 1$/m);
  assert.match(metrics, /^http_requests_total\{method="GET",route="other",status="503"\} 1$/m);
});

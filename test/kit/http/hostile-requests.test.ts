import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { test } from "node:test";
import { z } from "zod";
import { createHealth, type HealthOptions } from "../../../src/kit/index.ts";
import { atEnd } from "../../shared/at-end.ts";
import { ask, raw } from "../../shared/requests/http.ts";

// Unusual and malformed requests to an app with the kit.

async function start(options: Partial<HealthOptions> = {}, server: Server = appServer()) {
  const health = createHealth({ service: "orders", maxEventLoopDelayMs: 0, ...options });
  atEnd(health.stop);
  health.attach(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  atEnd(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = z.object({ port: z.number() }).parse(server.address());
  return { health, port, url: `http://127.0.0.1:${port}` };
}

const appServer = () => createServer((request, response) => response.end(`app ${request.url}`));

const statusOf = (answer: string): string => answer.split("\r\n", 1)[0] ?? "";

/** Sends a request whose target a client of HTTP would not send. */
const sendTarget = (port: number, target: string, more = "") =>
  raw(port, `GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${more}\r\n`);

test("a request whose target is a whole URL gets the answer for the path of the URL", async () => {
  const { port } = await start();
  for (const target of [
    "http://any.example/ready",
    "HTTP://any.example:80/ready?verbose",
    "http://any.example/metrics",
  ])
    assert.equal(statusOf(await sendTarget(port, target)), "HTTP/1.1 200 OK", target);
});

const paths = [
  "/Ready",
  "/%72eady",
  "//ready",
  "/ready;a=b",
  "/ready%2f",
  "/./ready",
  "/orders/../ready",
  "/ready/a/b",
  "/metrics%00",
  "/metricsa",
  "/health/detailed%3f",
  "http:///",
  "http://any.example",
];
for (const target of paths) {
  test(`the target ${target} is for the app`, async () => {
    const { port } = await start({ operators: { token: "t0ken" } });
    const answer = await sendTarget(port, target);
    assert.match(answer, /app /, answer);
  });
}

test("OPTIONS * is for the app, and a probe answers other methods than GET and HEAD with 405 and the allowed methods", async () => {
  const { port, url } = await start();
  assert.match(await raw(port, "OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"), /app \*/);
  for (const path of ["/ready", "/alive", "/ready/db", "/metrics", "/health/detailed"]) {
    for (const method of ["OPTIONS", "POST", "DELETE", "PUT", "TRACE"]) {
      const { status, headers } = await ask(url + path, { method });
      assert.deepEqual([status, headers["allow"]], [405, "GET, HEAD"], `${method} ${path}`);
    }
  }
});

test("HEAD has the headers of GET and no body, for probes and operator endpoints", async () => {
  const { url } = await start();
  for (const path of ["/ready", "/ready?verbose", "/alive", "/api/v1/circuit-breakers"]) {
    const get = await ask(url + path);
    const head = await ask(url + path, { method: "HEAD" });
    assert.deepEqual([head.status, head.text], [get.status, ""], path);
    for (const name of ["content-type", "content-length", "cache-control"])
      assert.equal(head.headers[name], get.headers[name], `${path} ${name}`);
  }
});

test("headers above the limit of Node are refused, long headers below the limit are answered, and the server keeps serving", async () => {
  const { port, url } = await start({ operators: { token: "t0ken" } });
  assert.match(statusOf(await sendTarget(port, "/ready", `X: ${"a".repeat(17_000)}\r\n`)), /431/);
  for (const accept of ["text/html,".repeat(1400), "*/*;q=0.1,".repeat(1400), ";,/".repeat(4000)])
    assert.match(statusOf(await sendTarget(port, "/health/detailed", `Accept: ${accept}\r\n`)), / (?:200|503) /);
  const many = `/ready?${"exclude=nothing&".repeat(900)}verbose`;
  const { status, text } = await ask(url + many);
  assert.equal(status, 200);
  assert.ok(text.length < 2000, `${text.length} characters`);
  assert.equal((await ask(`${url}/ready`)).status, 200);
});

test("only the exact token is accepted", async () => {
  const { port, url } = await start({ operators: { token: "t0ken" } });
  const status = async (authorization: string) =>
    Number(/ (\d+) /.exec(statusOf(await sendTarget(port, "/metrics", `Authorization: ${authorization}\r\n`)))?.[1]);
  for (const right of ["Bearer t0ken", "bearer t0ken", "BEARER   t0ken"]) assert.equal(await status(right), 200, right);
  const wrong = [
    ...["Bearer", "Bearer ", "Bearer t0ke", "Bearer t0ken2", "Bearer T0KEN", "Bearer t0ken t0ken", "t0ken"],
    ...[
      "Basic t0ken",
      "Bearer undefined",
      `Bearer ${"t0ken".repeat(3000)}`,
      "Bearer t0ken,Bearer t0ken",
      "Bearer\tt0ken",
    ],
  ];
  for (const authorization of wrong) assert.equal(await status(authorization), 401, authorization.slice(0, 40));
  const twice = await raw(
    port,
    "GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: Bearer wrong\r\nAuthorization: Bearer t0ken\r\n\r\n",
  );
  assert.match(statusOf(twice), /401/);
  assert.equal((await ask(`${url}/metrics?token=t0ken`)).status, 401);
});

test("a server without an app answers 404", async () => {
  const { url } = await start({}, createServer());
  assert.equal((await ask(`${url}/ready`)).status, 200);
  assert.deepEqual((await ask(`${url}/orders`)).status, 404);
});

test("probes are answered before listeners that were added after attach", async () => {
  const server = createServer();
  const { url } = await start({}, server);
  server.on("request", (_request, response) => response.writeHead(201).end("app"));
  assert.equal((await ask(`${url}/ready`)).status, 200);
  assert.equal((await ask(`${url}/orders`)).status, 201);
  assert.match(
    (await ask(`${url}/metrics`)).text,
    /^http_requests_total\{method="GET",route="other",status="201"\} 1$/m,
  );
});

test("a server that is attached and watched twice answers and counts each request once", async () => {
  const server = appServer();
  const { health, url } = await start({}, server);
  health.attach(server);
  health.watch(server);
  assert.equal((await ask(`${url}/orders`)).text, "app /orders");
  const { text } = await ask(`${url}/metrics`);
  assert.match(text, /^http_requests_total\{method="GET",route="other",status="200"\} 1$/m);
});

test("requests that wait for 100 Continue are answered and counted like other requests, also if the app handles checkContinue", async () => {
  const server = appServer();
  server.on("checkContinue", (_request, response) => response.writeHead(417).end("no"));
  const { port, url } = await start({}, server);
  const send = (path: string) =>
    raw(
      port,
      `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n`,
    );
  assert.match(statusOf(await send("/ready")), /200/);
  assert.match(statusOf(await send("/orders")), /417/);
  assert.match((await ask(`${url}/metrics`)).text, /status="417"\} 1$/m);
});

test("the app answers the paths in appPaths, and the kit answers its other paths", async () => {
  const { url } = await start({ appPaths: ["/live", "/metrics", "/health"] });
  for (const path of ["/live", "/live/", "/live?id=1", "/metrics", "/health"])
    assert.equal((await ask(url + path)).text, `app ${path}`);
  assert.equal((await ask(`${url}/ready`)).status, 200);
  assert.equal((await ask(`${url}/health/detailed`)).status, 200);
});

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { createHealth, type HealthOptions } from "../../src/kit/index.ts";
import { atEnd } from "../shared/at-end.ts";
import { eventually } from "../shared/eventually.ts";
import { ask } from "../shared/requests/http.ts";

const identity = { service: "orders", version: "1.0.0", instance: "orders-1" };

function make(options: Partial<HealthOptions> = {}) {
  const kit = createHealth({ ...identity, intervalMs: 50, timeoutMs: 500, maxEventLoopDelayMs: 0, ...options });
  atEnd(kit.stop);
  return kit;
}

async function listen(server: Server): Promise<string> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  atEnd(() => server.close());
  const { port } = server.address() as AddressInfo;
  return `http://127.0.0.1:${port}`;
}

async function serve(kit: ReturnType<typeof make>) {
  const server = createServer(
    kit.listener((request, response) => {
      response.statusCode = request.url === "/broken" ? 500 : 200;
      response.end("app");
    }),
  );
  const url = await listen(server);
  kit.watch(server);
  const status = async () => (await ask(`${url}/ready`)).status;
  return { server, url, status };
}

class ShopDown extends Error {}

/** Adds a dependency that works or fails, with a check and a breaker. */
function addShop(kit: ReturnType<typeof make>) {
  const shop = { isDown: false };
  const call = async () => {
    if (shop.isDown) throw new ShopDown();
    return "stock";
  };
  const breaker = kit.breakers.create({ name: "shop", isFailure: (error) => error instanceof ShopDown });
  kit.addCheck({ name: "shop", critical: true, run: () => breaker.runTrial(call) });
  return { shop, breaker, call };
}

test("a server without checks becomes ready", async () => {
  const { status } = await serve(make());
  await eventually(status, (seen) => seen === 200);
});

test("a check that goes down opens the breaker of the same name, and closes the breaker when the check is up again", async () => {
  const changes: string[] = [];
  const kit = make({ intervalMs: 150, onChange: ({ kind, name, to }) => changes.push(`${kind} ${name} ${to}`) });
  const { shop, breaker } = addShop(kit);
  const { status } = await serve(kit);
  await eventually(status, (seen) => seen === 200);
  shop.isDown = true;
  await eventually(status, (seen) => seen === 503);
  assert.equal(breaker.isOpen(), true);
  shop.isDown = false;
  // The first successful trial does not close the breaker, because a recovery takes two successes, an interval apart.
  await eventually(
    () => kit.snapshot().capabilities[0]?.consecutiveSuccesses,
    (successes) => successes === 1,
    5000,
    1,
  );
  assert.equal(breaker.isOpen(), true);
  await eventually(status, (seen) => seen === 200);
  assert.equal(breaker.view().state, "closed");
  assert.deepEqual(
    changes.filter((change) => change.includes("shop")),
    ["check shop up", "check shop down", "breaker shop open", "check shop up", "breaker shop closed"],
  );
});

test("a breaker without a check of the same name prevents the start, because it could never close", () => {
  const kit = make();
  kit.breakers.create({ name: "shop", isFailure: () => true });
  assert.throws(kit.start, /breaker "shop" has no check of the same name/);
});

test("a second check of the same name is refused", () => {
  const kit = make();
  addShop(kit);
  assert.throws(() => kit.addCheck({ name: "shop", critical: false, run: async () => undefined }), /two checks/);
});

test("with operators: false there are no operator endpoints, and the app receives their requests", async () => {
  const { url, status } = await serve(make({ operators: false }));
  await eventually(status, (seen) => seen === 200);
  for (const path of ["/health/detailed", "/metrics", "/api/v1/circuit-breakers"])
    assert.equal((await ask(url + path)).text, "app", path);
});

test("operator endpoints require the token, and show checks, breakers and the rates of the app", async () => {
  const kit = make({ operators: { token: "secret-token" } });
  const { shop } = addShop(kit);
  const { url, status } = await serve(kit);
  await eventually(status, (seen) => seen === 200);
  const get = (path: string, headers: Record<string, string> = {}) =>
    ask(url + path, { headers: { authorization: "Bearer secret-token", ...headers } });

  const unauthorized = await ask(`${url}/api/v1/circuit-breakers`);
  assert.deepEqual([unauthorized.status, unauthorized.headers["www-authenticate"]], [401, "Bearer"]);
  assert.partialDeepStrictEqual(unauthorized.json(), { code: "unauthorized", status: 401 });
  assert.deepEqual((await ask(`${url}/health/detailed`)).json(), { status: "healthy", instance: "orders-1" });
  const wrongMethod = await ask(`${url}/health/detailed`, { method: "POST" });
  assert.deepEqual([wrongMethod.status, wrongMethod.headers.allow], [405, "GET, HEAD"]);

  assert.partialDeepStrictEqual((await get("/api/v1/circuit-breakers")).json(), {
    circuitBreakers: [{ name: "shop", state: "closed" }],
  });
  assert.equal((await ask(`${url}/metrics`)).status, 401);
  assert.match((await get("/metrics")).text, /^health_check_up\{check="shop"\} 1$/m);
  assert.match((await get("/health/detailed", { accept: "text/html" })).text, /<h1[^>]*>.*Healthy/);
  assert.partialDeepStrictEqual((await get("/health/detailed", { accept: "application/health+json" })).json(), {
    status: "pass",
  });
  await ask(`${url}/broken`);
  await eventually(
    async () => ((await get("/health/detailed")).json() as { http: { errorsPerSecond: number } }).http.errorsPerSecond,
    (rate) => rate > 0,
  );
  shop.isDown = true;
  await eventually(
    async () => (await get("/health/detailed")).status,
    (seen) => seen === 503,
  );
});

test("an unexpected error in an operator endpoint is answered with 500 without its message, and onUnexpectedError gets the error", async () => {
  const errors: unknown[] = [];
  const expose = async () => {
    throw new Error("password=hunter2");
  };
  const operators = { onUnexpectedError: (error: unknown) => errors.push(error) };
  const { url } = await serve(make({ operators, metrics: { add: () => undefined, expose } }));
  const answer = await ask(`${url}/metrics`);
  assert.equal(answer.status, 500);
  assert.doesNotMatch(answer.text, /hunter2/);
  assert.match(String(errors[0]), /hunter2/);
});

test("a management server answers probes and operator endpoints, and 404 for all other paths", async () => {
  const kit = make();
  kit.start();
  const url = await listen(kit.createManagementServer({ headersTimeoutMs: 1000, keepAliveTimeoutMs: 1000 }));
  assert.equal((await ask(`${url}/alive`)).status, 200);
  assert.equal((await ask(`${url}/api/v1/circuit-breakers`)).status, 200);
  assert.partialDeepStrictEqual((await ask(`${url}/orders`)).json(), { code: "not_found" });
});

test("a path in probePaths answers its probe", async () => {
  const { url } = await serve(make({ probePaths: [{ path: "/healthz", probe: "live" }] }));
  assert.partialDeepStrictEqual((await ask(`${url}/healthz`)).json(), { status: "alive" });
});

test("a drain lets requests finish, and a second call waits for the same drain", async () => {
  const kit = make();
  const { promise: finish, resolve } = Promise.withResolvers<void>();
  const server = createServer(kit.listener((_request, response) => void finish.then(() => response.end("done"))));
  const url = await listen(server);
  kit.watch(server);
  await eventually(
    async () => (await ask(`${url}/ready`)).status,
    (seen) => seen === 200,
  );
  const slow = ask(`${url}/slow`);
  await eventually(
    () => kit.connections.inFlight(),
    (count) => count === 1,
  );
  const times = { delayMs: 300, lingerMs: 0, timeoutMs: 5000 };
  const draining = kit.drain(server, times);
  assert.equal(kit.drain(server, times), draining);
  assert.partialDeepStrictEqual((await ask(`${url}/ready`)).json(), { status: "draining", ready: false });
  await sleep(50);
  resolve();
  assert.equal((await slow).text, "done");
  assert.deepEqual(await draining, { cut: 0 });
});

test("further facts identify the process in the ready probe and in the report", async () => {
  const { url } = await serve(make({ facts: { commit: "3f2a91c" }, operators: {} }));
  for (const path of ["/ready", "/startup", "/health/detailed"]) {
    const { text } = await ask(`${url}${path}`);
    assert.equal(JSON.parse(text)["commit"], "3f2a91c", path);
  }
});

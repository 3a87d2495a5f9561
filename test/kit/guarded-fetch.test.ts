import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { test } from "node:test";
import { z } from "zod";
import { type GuardedFetchOptions, guardedFetch } from "../../src/kit/fetch/guarded-fetch.ts";
import { createRetryBudget } from "../../src/kit/fetch/retry-budget.ts";
import { AppError, createHealth } from "../../src/kit/index.ts";
import { atEnd } from "../shared/at-end.ts";
import { eventually } from "../shared/eventually.ts";

/** Starts a dependency that answers with the given function, and counts requests. */
async function startShop(answer: (response: ServerResponse, request: IncomingMessage, count: number) => void) {
  let count = 0;
  let open = 0;
  const server = createServer((request, response) => {
    count += 1;
    open += 1;
    response.on("close", () => (open -= 1));
    answer(response, request, count);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  atEnd(() => {
    server.close();
    server.closeAllConnections();
  });
  const url = `http://127.0.0.1:${z.object({ port: z.number() }).parse(server.address()).port}/`;
  return { url, count: () => count, open: () => open, server };
}

function guarded(options: Partial<GuardedFetchOptions> = {}) {
  const health = createHealth({ service: "orders" });
  atEnd(health.stop);
  const call = guardedFetch({ health, name: "shop", ...options });
  const [breaker] = health.breakers.all();
  assert.ok(breaker !== undefined);
  return { call, breaker };
}

const codeOf = (error: unknown) => (error instanceof AppError ? error.code : error);

test("a response is returned unchanged, also one with status 404", async () => {
  const shop = await startShop((response) => response.writeHead(404).end("none"));
  const { call } = guarded();
  const response = await call(shop.url);
  assert.deepEqual([response.status, await response.text()], [404, "none"]);
  assert.equal(shop.count(), 1);
});

test("after 503, a GET and a POST with an Idempotency-Key are retried, and a POST without one is not", async () => {
  const shop = await startShop((response, _request, count) => response.writeHead(count % 2 === 1 ? 503 : 200).end());
  const statusOf = async (init?: RequestInit) => (await guarded().call(shop.url, init)).status;
  assert.equal(await statusOf(), 200);
  assert.equal(await statusOf({ method: "POST", body: "{}", headers: { "Idempotency-Key": "once" } }), 200);
  assert.equal(shop.count(), 4);
  assert.equal(await statusOf({ method: "POST", body: "{}" }), 503);
  assert.equal(shop.count(), 5);
});

test("the last response of a dependency that keeps failing is returned after the attempts", async () => {
  const shop = await startShop((response) => response.writeHead(503).end());
  const { call } = guarded({ maxAttempts: 2 });
  assert.equal((await call(shop.url)).status, 503);
  assert.equal(shop.count(), 2);
});

test("the time limit covers all attempts together, and ends the request", async () => {
  const shop = await startShop((response, _request, count) => {
    if (count === 1) setTimeout(() => response.writeHead(503).end(), 100);
  });
  const { call } = guarded({ timeoutMs: 300 });
  const startedAt = performance.now();
  const error = await call(shop.url).catch((thrown: unknown) => thrown);
  assert.equal(codeOf(error), "deadline_exceeded");
  assert.ok(performance.now() - startedAt < 2000);
  await eventually(shop.open, (open) => open === 0);
});

test("the caller's abort ends the request with the caller's reason, and does not count as a failure of the dependency", async () => {
  const shop = await startShop(() => undefined);
  const { call, breaker } = guarded();
  const caller = new AbortController();
  const reason = new Error("not needed any more");
  const result = call(shop.url, { signal: caller.signal }).catch((error: unknown) => error);
  await eventually(shop.open, (open) => open === 1);
  caller.abort(reason);
  assert.equal(await result, reason);
  assert.equal(breaker.counts().failure, 0);
  await eventually(shop.open, (open) => open === 0);
});

test("the breaker opens after five failures in a row, and then calls are rejected without a request", async () => {
  const shop = await startShop((response) => response.writeHead(500).end());
  const { call, breaker } = guarded({ maxAttempts: 1 });
  for (let count = 0; count < 5; count += 1) assert.equal((await call(shop.url)).status, 500);
  assert.equal(breaker.isOpen(), true);
  assert.equal(codeOf(await call(shop.url).catch((error: unknown) => error)), "unavailable");
  assert.equal(shop.count(), 5);
});

test("a refused connection rejects with the error of fetch", async () => {
  const shop = await startShop(() => undefined);
  shop.server.close();
  const { call } = guarded();
  assert.ok((await call(shop.url).catch((error: unknown) => error)) instanceof TypeError);
});

test("at most maxConcurrent calls run at the same time, and while the queue is full further calls are rejected", async () => {
  const waiting: ServerResponse[] = [];
  const shop = await startShop((response) => void waiting.push(response));
  const { call } = guarded({ maxConcurrent: 2, maxQueued: 1 });
  const calls = Array.from({ length: 4 }, () => call(shop.url).then((response) => response.status, codeOf));
  assert.equal(await calls[3], "overloaded");
  await eventually(shop.open, (open) => open === 2);
  assert.equal(shop.count(), 2);
  for (const response of waiting.splice(0)) response.end();
  await eventually(shop.count, (count) => count === 3);
  for (const response of waiting) response.end();
  assert.deepEqual(await Promise.all(calls), [200, 200, 200, "overloaded"]);
});

test("retries are limited to a share of the calls in ten seconds, and a few are always allowed", () => {
  let now = 0;
  const budget = createRetryBudget({ share: 0.1, now: () => now });
  const retriesAfter = (calls: number) => {
    for (let count = 0; count < calls; count += 1) budget.countCall();
    let retries = 0;
    while (budget.takeRetry()) retries += 1;
    return retries;
  };
  assert.equal(retriesAfter(1), 10);
  assert.equal(retriesAfter(199), 10);
  now += 10_001;
  assert.equal(retriesAfter(1000), 100);
});

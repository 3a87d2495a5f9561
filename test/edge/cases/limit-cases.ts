import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type EdgeAnswer, freshAddress, send, sendJson } from "../../shared/requests/proxy-client.ts";
import type { Edge } from "../support/edge.ts";
import { assertProblem } from "../support/problem.ts";
import { limitOf } from "../support/proxy-figures.ts";

/** The number of requests that one client may send at once. A few more pass, because the burst refills meanwhile. */
const burst = (name: "auth" | "upload") => Math.max(limitOf(name).nginx.burst, limitOf(name).haproxy.burst);

/** Registers the tests of the rate limits: each applies to one client, and its 429 has Retry-After. */
export function limitCases(edge: () => Edge): void {
  describe("limits", { concurrency: 6 }, () => {
    test("requests above the rate and the burst get 429 with Retry-After, other clients are not affected", async () => {
      const from = freshAddress();
      const startedAt = performance.now();
      const flood: EdgeAnswer[] = [];
      const refusedSoFar = () => flood.filter(({ status }) => status === 429);
      while (refusedSoFar().length < 20 && performance.now() - startedAt < 15_000) {
        flood.push(...(await Promise.all(Array.from({ length: 15 }, () => send("/api/v1/flood", { from })))));
      }
      assert.ok(flood.slice(0, 15).every(({ status }) => status === 200));
      const refused = refusedSoFar();
      assert.ok(refused.length >= 20, `${refused.length} of ${flood.length}`);
      const { rate, perSeconds, haproxy } = limitOf("api");
      const maxPassed = 2 * haproxy.burst + ((rate / perSeconds) * (performance.now() - startedAt)) / 1000;
      assert.ok(
        flood.length - refused.length <= maxPassed,
        `${flood.length - refused.length} passed, ${maxPassed} at most`,
      );
      for (const answer of refused) assertProblem(answer, "rate_limited");
      const retryAfter = Number(refused[0]?.headers["retry-after"]);
      assert.ok(retryAfter >= 1 && retryAfter <= haproxy.windowSeconds, String(retryAfter));
      assert.equal((await send("/api/v1/flood")).status, 200);
      assert.equal((await send("/health", { from })).status, 200);
      await sleep(retryAfter * 1000 + 100);
      assert.equal((await send("/api/v1/flood", { from })).status, 200);
    });

    for (const [family, to, flooder, neighbour, stranger] of [
      ["IPv4", "127.0.0.1", freshAddress(), freshAddress(), freshAddress()],
      ["IPv6", "::1", "fd00:0:0:1::1", "fd00:0:0:1::2", "fd00:0:0:2::1"],
    ] as const) {
      test(`sign-ins have their own limit, over ${family}`, async () => {
        const login = (from: string) => sendJson("/api/v1/auth/login", {}, { from, to });
        const first: EdgeAnswer[] = [];
        for (let count = 0; count < burst("auth") + 4; count += 1) first.push(await login(flooder));
        const statuses = first.map(({ status }) => status);
        assert.deepEqual(statuses.slice(0, 5), [200, 200, 200, 200, 200]);
        assert.deepEqual(statuses.slice(-2), [429, 429]);
        const refused = first.at(-1);
        if (refused !== undefined) assertProblem(refused, "rate_limited");
        assert.ok(Number(refused?.headers["retry-after"]) >= limitOf("auth").nginx.retryAfterSeconds);
        assert.equal((await login(stranger)).status, 200);
        // A client with IPv6 usually has a whole network of addresses, so a network counts as one client.
        assert.equal((await login(neighbour)).status, family === "IPv6" ? 429 : 200);
        assert.equal((await send("/api/v1/auth/me", { from: flooder, to })).status, 200);
        assert.equal((await sendJson("/api/v1/auth/refresh", {}, { from: flooder, to })).status, 200);
        assert.equal((await send("/api/v1/auth/login", { from: flooder, to })).status, 200);
      });
    }

    test("an encoded path, or one with double slashes, does not bypass the limit", async () => {
      const from = freshAddress();
      const spellings = ["/api/v1/auth/%6cogin", "/api/v1/auth/login/", "/api/v1/auth/login?x=1"];
      const statuses: number[] = [];
      for (let count = 0; count < burst("auth") + 5; count += 1) {
        statuses.push((await sendJson(spellings[count % 3] ?? "", {}, { from })).status);
      }
      assert.equal(statuses.at(-1), 429, String(statuses));
    });

    test("uploads have their own limit, which requests for photos do not use", async () => {
      const from = freshAddress();
      const path = "/api/v1/properties/1/photos";
      const statuses: number[] = [];
      for (let count = 0; count < burst("upload") + 4; count += 1)
        statuses.push((await sendJson(path, {}, { from })).status);
      assert.equal(statuses[0], 200);
      assert.equal(statuses.at(-1), 429, String(statuses));
      assert.equal((await sendJson("/api/v1/auth/me/avatar", {}, { from, method: "PUT" })).status, 429);
      assert.equal((await send(path, { from })).status, 200);
      assert.equal((await sendJson("/api/v1/properties", {}, { from })).status, 200);
    });

    test("a client that guesses names of images reaches the instances at the limited rate, and other clients are not affected", async () => {
      const from = freshAddress();
      const startedAt = performance.now();
      const refused: EdgeAnswer[] = [];
      for (let round = 0; round < 45; round += 1) {
        const names = Array.from({ length: 15 }, (_, n) => `/uploads/${String(round * 15 + n).padStart(32, "0")}.webp`);
        const answers = await Promise.all(names.map((name) => send(name, { from })));
        refused.push(...answers.filter(({ status }) => status === 429));
      }
      const reached = edge().backends.received.filter(({ url }) => url.startsWith("/uploads/00000000")).length;
      const { rate, haproxy } = limitOf("images");
      const maxPassed = haproxy.burst + (1.2 * rate * (performance.now() - startedAt)) / 1000;
      assert.ok(reached <= maxPassed, `${reached} of 675 reached an instance, ${maxPassed} at most`);
      assert.ok(refused.length >= 100, `${refused.length} refused`);
      for (const answer of refused) assertProblem(answer, "rate_limited");
      assert.ok(Number(refused[0]?.headers["retry-after"]) >= 1);
      assert.equal((await send("/uploads/0123456789abcdef0123456789abcdef.webp")).status, 200);
      assert.equal((await send("/api/v1/auth/me", { from })).status, 200);
    });

    test("the 21st connection of one address gets 429", async () => {
      const from = freshAddress();
      edge().backends.behave(async (request, response, name) => {
        if (request.url === "/api/v1/long") await sleep(1500);
        response.end(name);
      });
      const long = Array.from({ length: 20 }, () => send("/api/v1/long", { from }));
      await sleep(700);
      const refused = await send("/api/v1/one-more", { from });
      assert.equal(refused.status, 429);
      assertProblem(refused, "rate_limited");
      assert.equal((await send("/api/v1/one-more")).status, 200);
      assert.ok((await Promise.all(long)).every(({ status }) => status === 200));
      assert.equal((await send("/api/v1/one-more", { from })).status, 200);
      edge().backends.behave();
    });
  });
}

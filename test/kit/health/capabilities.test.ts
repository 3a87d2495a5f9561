import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { type Evidence, statusOfCheck } from "../../../src/kit/health/judge-check.ts";
import { CheckFailed, type CheckStatus, createHealth, type HealthReport } from "../../../src/kit/index.ts";
import { atEnd } from "../../shared/at-end.ts";
import { eventually } from "../../shared/eventually.ts";
import { ask } from "../../shared/requests/http.ts";

const identity = { service: "orders", version: "1.0.0", instance: "orders-1" };

/** Starts a server with a dependency whose reads and writes may each fail or hang. */
async function serveStore({ writeIsCritical = false } = {}) {
  const store: { read: "works" | "fails"; write: "works" | "fails" | "hangs" } = { read: "works", write: "works" };
  const reads: number[] = [];
  const kit = createHealth({ ...identity, intervalMs: 60, timeoutMs: 300 });
  atEnd(kit.stop);
  const read = kit.breakers.create({ name: "store", isFailure: () => true });
  const write = kit.breakers.create({ name: "store:write", isFailure: () => true });
  kit.addCheck({
    name: "store",
    capabilities: {
      read: {
        critical: true,
        run: async () => {
          reads.push(performance.now());
          if (store.read === "fails") throw new CheckFailed("refused");
        },
      },
      write: {
        critical: writeIsCritical,
        run: async (signal) => {
          if (store.write === "fails") throw new CheckFailed("read_only");
          if (store.write === "hangs") await once(signal, "abort");
        },
      },
    },
  });
  const server = createServer(kit.listener((_request, response) => response.end()));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  atEnd(() => server.close());
  kit.watch(server);
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const until = (status: string) =>
    eventually(
      async () => ((await ask(`${url}/ready`)).json() as { status: string }).status,
      (seen) => seen === status,
    );
  await until("ready");
  return { store, reads, read, write, url, until };
}

const up = { status: "up", since: 1000, lastFailureAt: null } as const;
const down = { status: "down", since: 5500, lastFailureAt: 9000 } as const;
const unknown = { status: "unknown", since: 0, lastFailureAt: null } as const;

const evidence: readonly (readonly [string, readonly Evidence[], CheckStatus])[] = [
  ["up", [up, up], "up"],
  ["up and down", [up, down], "impaired"],
  ["down and up", [down, up], "impaired"],
  ["up, down and unknown", [up, down, unknown], "impaired"],
  ["down", [down, down], "down"],
  ["up and unknown", [up, unknown], "unknown"],
  ["down and unknown", [down, unknown], "down"],
  ["up with an unconfirmed failure, and down", [{ ...up, lastFailureAt: 9500 }, down], "impaired"],
  ["up only since after the latest failure of the other, and down", [{ ...up, since: 9100 }, down], "down"],
];

for (const [states, capabilities, status] of evidence) {
  test(`a check whose capabilities are ${states} is ${status}`, () =>
    assert.equal(statusOfCheck(capabilities), status));
}

test("an impaired check makes the instance degraded, reports which capability is down and why, and opens only the breaker of that capability", async () => {
  const { store, read, write, url, until } = await serveStore();
  store.write = "fails";
  await until("degraded");
  const ready = await ask(`${url}/ready`);
  assert.equal(ready.status, 200);
  assert.partialDeepStrictEqual(ready.json(), {
    ready: true,
    checks: { store: { status: "impaired", critical: true } },
  });
  assert.deepEqual([read.isOpen(), write.isOpen()], [false, true]);

  const verbose = (await ask(`${url}/ready?verbose`)).text;
  assert.match(
    verbose,
    /^\[-\] store impaired \(critical\)\n\[\+\] store:read up \(critical\)\n\[-\] store:write down$/m,
  );
  assert.equal((await ask(`${url}/ready/store`)).status, 200);
  assert.equal((await ask(`${url}/ready/store:write`)).status, 503);
  assert.partialDeepStrictEqual((await ask(`${url}/ready?exclude=store:write`)).json(), {
    status: "ready",
    excluded: ["store:write"],
    checks: { store: { status: "up" } },
  });

  const report = (await ask(`${url}/health/detailed`)).json() as HealthReport;
  assert.equal(report.status, "degraded");
  assert.partialDeepStrictEqual(report.checks["store"], {
    status: "impaired",
    reason: "read_only",
    capabilities: { read: { status: "up", reason: null }, write: { status: "down", reason: "read_only" } },
  });
  const changes = report.history.filter(({ to }) => to === "down").map(({ name, reason }) => `${name} ${reason}`);
  assert.deepEqual(changes, ["store:write read_only"]);
  const healthJson = await ask(`${url}/health/detailed`, { headers: { accept: "application/health+json" } });
  assert.partialDeepStrictEqual(healthJson.json(), {
    status: "warn",
    checks: { "store:write": [{ status: "warn", output: "read_only" }], "store:read": [{ status: "pass" }] },
  });
  const page = (await ask(`${url}/health/detailed`, { headers: { accept: "text/html" } })).text;
  assert.match(page, /store is read-only \(write fails, read works\)/);

  store.write = "works";
  await until("ready");
  assert.equal(write.isOpen(), false);
});

test("a critical capability that is down takes the instance out of rotation, although the other capability works", async () => {
  const { store, url, until } = await serveStore({ writeIsCritical: true });
  store.write = "fails";
  await until("not_ready");
  assert.partialDeepStrictEqual((await ask(`${url}/ready`)).json(), { checks: { store: { status: "impaired" } } });
  store.write = "works";
  await until("ready");
});

test("with every capability down the check is down, and both breakers are open", async () => {
  const { store, read, write, url, until } = await serveStore();
  store.read = "fails";
  store.write = "fails";
  await until("not_ready");
  await eventually(
    async () => (await ask(`${url}/ready`)).text,
    (text) => text.includes('"store":{"status":"down"'),
  );
  assert.deepEqual([read.isOpen(), write.isOpen()], [true, true]);
});

test("a write that hangs does not delay reads, and is reported as a timeout", async () => {
  const { store, reads, url, until } = await serveStore();
  store.write = "hangs";
  const before = reads.length;
  await until("degraded");
  const gaps = reads.slice(before).map((at, index) => at - (reads[before + index - 1] ?? at));
  assert.ok(gaps.length >= 4 && Math.max(...gaps) < 300, `reads were delayed: ${gaps}`);
  const report = (await ask(`${url}/health/detailed`)).json() as HealthReport;
  assert.equal(report.checks["store"]?.capabilities?.["write"]?.reason, "timeout");
});

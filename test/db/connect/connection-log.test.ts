import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "../../shared/eventually.ts";
import { freePort } from "../../shared/free-port.ts";
import { startFaultProxy } from "../../shared/servers/fault-proxy.ts";
import { freshDatabase } from "../../shared/servers/stores/database.ts";
import { freshRedis } from "../../shared/servers/stores/redis.ts";
import { startHaven } from "../../support/haven.ts";

const fastChecks = { HEALTH_CHECK_INTERVAL: "100", HEALTH_CHECK_TIMEOUT: "300" };

test("a connection that fails is logged once for each cause, with code and reason, without host and password", async () => {
  const path = await startFaultProxy(await freshDatabase());
  const redis = await startFaultProxy(await freshRedis());
  await path.set("refuse");
  await redis.set("refuse");
  const haven = await startHaven({
    env: { ...fastChecks, DATABASE_URL: path.url, REDIS_URL: redis.url },
    waitUntil: "listening",
  });
  const lines = (store: string) => haven.logs.filter(({ msg }) => msg === `connection to ${store} failed`);
  const logged = (store: string, count: number) =>
    eventually(
      () => lines(store).length,
      (seen) => seen === count,
    );
  await logged("postgres", 1);
  await logged("redis", 1);
  for (const [store, setting] of [
    ["postgres", /DATABASE_URL/],
    ["redis", /address of Redis/],
  ] as const) {
    const [line] = lines(store);
    assert.partialDeepStrictEqual(line, { level: "warn", code: "ECONNREFUSED", reason: "refused" });
    assert.match(String(line?.["detail"]), setting);
    assert.doesNotMatch(JSON.stringify(line), /127\.0\.0\.1/);
  }
  await path.set("hole");
  await eventually(
    () =>
      lines("postgres")
        .map(({ reason }) => reason)
        .at(-1),
    (reason) => reason === "timeout",
  );
  assert.equal(lines("redis").length, 1);
});

test("a wrong password is logged with the setting to check", async () => {
  const url = new URL(await freshDatabase());
  url.username = "postgres_typo";
  url.password = "hunter2";
  const haven = await startHaven({
    env: { ...fastChecks, DATABASE_URL: url.href, REDIS_URL: `redis://127.0.0.1:${await freePort()}` },
    waitUntil: "listening",
  });
  const line = await eventually(
    () => haven.logs.find(({ msg }) => msg === "connection to postgres failed"),
    (found) => found !== undefined,
  );
  assert.match(String(line?.["code"]), /^28/);
  assert.doesNotMatch(JSON.stringify(haven.logs), /hunter2|typo/);
});

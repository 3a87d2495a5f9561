import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { atEnd } from "../shared/at-end.ts";
import { eventually } from "../shared/eventually.ts";
import { ask } from "../shared/requests/http.ts";
import { freshDatabase, query } from "../shared/servers/database.ts";
import { startStopwatch } from "../shared/stopwatch.ts";
import { startHaven } from "../support/haven.ts";
import { metric } from "../support/metric.ts";
import {
  decisionsOf,
  detectionTimeMs,
  fleetOf,
  instances,
  intervalMs,
  type LocalFleet,
  readyOf,
  type Seen,
  startLocalFleet,
} from "./support/local-fleet.ts";

test("each instance lists all instances with phase, checks, version, age and load", async () => {
  const { members } = await startLocalFleet(3);
  for (const member of members) {
    const { instances: seen, ...fleet } = await eventually(
      () => fleetOf(member),
      ({ instances: all }) => all.every(({ status }) => status === "ready"),
    );
    assert.partialDeepStrictEqual(fleet, { policy: "outlier", decisions: {}, store: "redis", silentSince: null });
    assert.deepEqual(
      seen.map(({ instance }) => instance),
      ["api-1", "api-2", "api-3"],
    );
    assert.deepEqual(
      seen.filter(({ self }) => self).map(({ instance }) => instance),
      [member.name],
    );
    for (const one of seen) {
      assert.partialDeepStrictEqual(one, { phase: "ready", checks: { postgres: "up", redis: "up" }, inFlight: 0 });
      assert.ok(one.ageMs < 2 * intervalMs, `${one.ageMs} ms`);
      assert.ok(Math.abs(Date.parse(String(one["startedAt"])) - Date.now()) < 120_000);
    }
  }
  assert.equal(await metric(members[0]?.url ?? "", 'fleet_instances{state="ready"}'), 3);
});

test("an instance that stops is removed at once, one that crashes within three intervals", async () => {
  const { members, databaseUrl, redisUrl } = await startLocalFleet(3);
  const [one, two, three] = members;
  assert.ok(one && two && three);
  await two.stop();
  assert.ok(
    !(await query<{ instance: string }>(databaseUrl, "SELECT * FROM fleet_instances")).some(
      ({ instance }) => instance === "api-2",
    ),
  );
  await eventually(
    () => instances(one),
    (seen) => seen.length === 2,
    2 * intervalMs,
  );
  // Like a crash: no heartbeat arrives any more, and the instance cannot remove its entry.
  await Promise.all([three.postgres.set("hole"), three.redis.set("hole")]);
  const elapsedMs = startStopwatch();
  await eventually(
    () => instances(one),
    (seen) => seen.length === 1,
    5 * intervalMs,
    10,
  );
  const expiryMs = elapsedMs();
  assert.ok(expiryMs < 3 * intervalMs, `${expiryMs} ms`);
  const redis = new Redis(redisUrl);
  atEnd(() => redis.disconnect());
  await eventually(
    () => redis.hlen("haven:fleet"),
    (left) => left === 1,
    3 * intervalMs,
  );
  await Promise.all([three.postgres.set("pass"), three.redis.set("pass")]);
});

test("a dead store does not delay heartbeats to the other store", async () => {
  const { members, redisUrl } = await startLocalFleet(2);
  const [one, two] = members;
  assert.ok(one && two);
  await one.postgres.set("hole");
  const redis = new Redis(redisUrl);
  atEnd(() => redis.disconnect());
  for (let round = 0; round < 8; round += 1) {
    await sleep(intervalMs / 2);
    const seen: Seen | undefined = (await instances(two)).find(({ instance }) => instance === "api-1");
    assert.ok(seen !== undefined && seen.ageMs < 2.2 * intervalMs, JSON.stringify(seen));
  }
  await one.postgres.set("pass");
  await one.redis.set("hole");
  await eventually(
    () => fleetOf(one),
    ({ store }) => store === "postgres",
    3000,
  );
  for (let round = 0; round < 4; round += 1) {
    await sleep(intervalMs / 2);
    assert.ok((await instances(one)).some(({ instance }) => instance === "api-2"));
  }
  await one.redis.set("pass");
  await eventually(
    () => fleetOf(one),
    ({ store }) => store === "redis",
    5000,
  );
});

test("while no store answers, an instance lists only itself and reports when the stores became silent", async () => {
  const { members } = await startLocalFleet(2);
  const [one] = members;
  assert.ok(one);
  const before = Date.now();
  await Promise.all([one.postgres.set("refuse"), one.redis.set("refuse")]);
  const { instances: seen, silentSince } = await eventually(
    () => fleetOf(one),
    ({ store }) => store === null,
    4 * intervalMs,
  );
  assert.deepEqual(
    seen.map(({ self }) => self),
    [true],
  );
  assert.ok(Math.abs(Date.parse(String(silentSince)) - before) < 4 * intervalMs);
  await Promise.all([one.postgres.set("pass"), one.redis.set("pass")]);
  await eventually(
    () => fleetOf(one),
    ({ silentSince: silent, instances: all }) => silent === null && all.length === 2,
  );
});

test("two processes with one INSTANCE_ID are listed separately, and each logs one warning", async () => {
  const { members } = await startLocalFleet(2, { INSTANCE_ID: "twin" });
  for (const { logs } of members) {
    const warnings = () => logs.filter(({ msg }) => /same INSTANCE_ID/.test(msg)).length;
    await eventually(warnings, (times) => times === 1);
    await sleep(3 * intervalMs);
    assert.equal(warnings(), 1);
  }
  assert.deepEqual(
    (await instances({ url: members[0]?.url ?? "" })).map(({ instance }) => instance),
    ["twin", "twin"],
  );
});

test("the entry of a crashed process with the same name causes no warning", async () => {
  const { members, redisUrl } = await startLocalFleet(1);
  const [one] = members;
  assert.ok(one);
  const redis = new Redis(redisUrl);
  atEnd(() => redis.disconnect());
  const [, own = ""] = (await redis.hgetall("haven:fleet").then(Object.values<string>))[0]?.split(/ (.*)/s) ?? [];
  const [seconds] = await redis.time();
  await redis.hset("haven:fleet", randomUUID(), `${Number(seconds) * 1000} ${own}`);
  await sleep(3 * intervalMs);
  assert.ok(!one.logs.some(({ msg }) => /same INSTANCE_ID/.test(msg)));
});

/** Keeps writing entries that are false, truncated, from another version, or an hour older or newer than the clock. */
async function plantFalseEntries({ databaseUrl, redisUrl }: LocalFleet, claim: "up" | "down"): Promise<() => void> {
  const redis = new Redis(redisUrl);
  atEnd(() => redis.disconnect());
  const validHeartbeat = { instance: "liar", version: "0.1.0", phase: "ready", status: "ready", upMs: 1, beat: 1 };
  const checks = { postgres: [claim, claim === "down", 0] };
  const texts = (await Promise.all([0, 1, 2, 3, 4])).flatMap((number) => [
    JSON.stringify({ ...validHeartbeat, instance: `old-${number}`, checks: { postgres: claim } }),
    JSON.stringify({ ...validHeartbeat, instance: `new-${number}`, phase: "paused", checks }),
    JSON.stringify({ ...validHeartbeat, instance: `torn-${number}`, checks }).slice(0, 60 + number),
    JSON.stringify({ ...validHeartbeat, instance: `back-${number}`, checks: { postgres: [claim, false, -3_600_000] } }),
  ]);
  const plant = async () => {
    const [seconds] = await redis.time();
    const now = Number(seconds) * 1000;
    for (const [index, text] of texts.entries()) {
      await redis.hset("haven:fleet", `00000000-0000-4000-8000-0000000000${10 + index}`, `${now} 1 ${text}`);
    }
    // Well formed, but an hour older or newer than the clock of the store.
    for (const hours of [-1, 1]) {
      const text = JSON.stringify({ ...validHeartbeat, checks });
      await redis.hset("haven:fleet", randomUUID(), `${now + hours * 3_600_000} 1 ${text}`);
      await query(
        databaseUrl,
        "INSERT INTO fleet_instances (boot, instance, beat, seen_at, heartbeat) VALUES (gen_random_uuid(), 'liar', 1, now() + $1 * interval '1 hour', $2)",
        [hours, text],
      );
    }
  };
  await plant();
  const timer = setInterval(() => plant().catch(() => undefined), intervalMs / 2);
  const stop = () => clearInterval(timer);
  atEnd(stop);
  return stop;
}

test("false, truncated or outdated heartbeats do not keep an outlier in rotation", async () => {
  const fleet = await startLocalFleet(3);
  const [one, ...others] = fleet.members;
  assert.ok(one);
  const stop = await plantFalseEntries(fleet, "down");
  await one.postgres.set("refuse");
  await eventually(
    () => readyOf(one),
    ({ ready }) => !ready,
    detectionTimeMs + 200,
    10,
  );
  assert.deepEqual(decisionsOf(one), ["outlier"]);
  for (const other of others) assert.equal((await readyOf(other)).ready, true);
  stop();
  await one.postgres.set("pass");
});

test("false, truncated or outdated heartbeats do not take an instance out in a shared outage", async () => {
  const fleet = await startLocalFleet(3);
  const stop = await plantFalseEntries(fleet, "up");
  for (const { postgres } of fleet.members) await postgres.set("refuse");
  const until = performance.now() + detectionTimeMs + 2 * intervalMs;
  while (performance.now() < until) {
    for (const member of fleet.members) assert.equal((await readyOf(member)).ready, true);
    await sleep(20);
  }
  for (const member of fleet.members) {
    assert.deepEqual(decisionsOf(member), ["shared_outage"]);
    assert.deepEqual((await readyOf(member)).sharedOutage, ["postgres"]);
    assert.equal(await metric(member.url, 'ready_policy_decisions_total{decision="shared_outage"}'), 1);
    assert.match(
      (await ask(`${member.url}/ready?verbose`)).text,
      /^\[-\] postgres down \(critical\) on most of the fleet$/m,
    );
    const without = (await ask(`${member.url}/ready?exclude=postgres`)).json();
    assert.partialDeepStrictEqual(without, { excluded: ["postgres"] });
    assert.ok(!Object.hasOwn(without as object, "sharedOutage"), "an excluded check must not be reported");
  }
  stop();
  for (const { postgres } of fleet.members) await postgres.set("pass");
  for (const member of fleet.members)
    await eventually(
      () => readyOf(member),
      ({ status, sharedOutage }) => status === "ready" && !sharedOutage,
    );
});

test("with fewer than three instances, outlier acts like strict", async () => {
  const { members } = await startLocalFleet(2);
  for (const { postgres } of members) await postgres.set("refuse");
  for (const member of members)
    await eventually(
      () => readyOf(member),
      ({ ready }) => !ready,
      detectionTimeMs + 200,
      10,
    );
  for (const { postgres } of members) await postgres.set("pass");
});

test("a check of the instance itself takes the instance out without a vote", async () => {
  const { members } = await startLocalFleet(3, { READY_REQUIRES: "event-loop", OVERLOAD_DELAY_MS: "1" });
  const [one] = members;
  assert.ok(one);
  // All members run in this process, so one saturated event loop affects all of them.
  await eventually(
    async () => {
      await Promise.all(Array.from({ length: 40 }, () => ask(`${one.url}/test/spin/50`)));
      return (await readyOf(one)).status;
    },
    (status) => status === "not_ready",
    15_000,
    0,
  );
  assert.deepEqual(decisionsOf(one), []);
});

test("with strict, all instances leave in a shared outage, and their heartbeats continue", async () => {
  const { members } = await startLocalFleet(3, { READY_POLICY: "strict" });
  for (const { postgres } of members) await postgres.set("refuse");
  for (const member of members) {
    const verdict = await eventually(
      () => readyOf(member),
      ({ ready }) => !ready,
      detectionTimeMs,
      10,
    );
    assert.equal(verdict.sharedOutage, undefined);
    assert.deepEqual(decisionsOf(member), []);
  }
  const [one] = members;
  assert.ok(one);
  await eventually(
    () => instances(one),
    (seen) => seen.every(({ status }) => status === "not_ready"),
    3000,
  );
  for (const { postgres } of members) await postgres.set("pass");
});

test("an instance that starts before the schema exists joins the fleet later", async () => {
  const haven = await startHaven({
    env: { DATABASE_URL: await freshDatabase({ migrated: false }), READY_POLICY: "outlier" },
  });
  await eventually(
    () => instances(haven),
    (seen) => seen.length === 1,
  );
});

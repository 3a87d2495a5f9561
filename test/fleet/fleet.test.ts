import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { atEnd } from "../shared/at-end.ts";
import { eventually } from "../shared/eventually.ts";
import { ask } from "../shared/requests/http.ts";
import { freshDatabase, query } from "../shared/servers/stores/database.ts";
import { startStopwatch } from "../shared/stopwatch.ts";
import { startHaven } from "../support/haven.ts";
import { metric } from "../support/metric.ts";
import {
  decisionsOf,
  detectionTimeMs,
  fleetOf,
  instances,
  intervalMs,
  type ListedInstance,
  type LocalFleet,
  readyOf,
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
    for (const listed of seen) {
      assert.partialDeepStrictEqual(listed, { phase: "ready", checks: { postgres: "up", redis: "up" }, inFlight: 0 });
      assert.ok(listed.ageMs < 2 * intervalMs, `${listed.ageMs} ms`);
      assert.ok(Math.abs(Date.parse(String(listed["startedAt"])) - Date.now()) < 120_000);
    }
  }
  assert.equal(await metric(members[0]?.url ?? "", 'fleet_instances{state="ready"}'), 3);
});

test("an instance that stops is removed at once, and an instance that crashes is removed within three intervals", async () => {
  const { members, databaseUrl, redisUrl } = await startLocalFleet(3);
  const [first, second, third] = members;
  assert.ok(first && second && third);
  await second.stop();
  assert.ok(
    !(await query<{ instance: string }>(databaseUrl, "SELECT * FROM fleet_instances")).some(
      ({ instance }) => instance === "api-2",
    ),
  );
  await eventually(
    () => instances(first),
    (seen) => seen.length === 2,
    2 * intervalMs,
  );
  // Like a crash: no heartbeat arrives any more, and the instance cannot remove its entry.
  await Promise.all([third.postgres.set("hole"), third.redis.set("hole")]);
  const elapsedMs = startStopwatch();
  await eventually(
    () => instances(first),
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
  await Promise.all([third.postgres.set("pass"), third.redis.set("pass")]);
});

test("a dead store does not delay heartbeats to the other store", async () => {
  const { members, redisUrl } = await startLocalFleet(2);
  const [first, second] = members;
  assert.ok(first && second);
  await first.postgres.set("hole");
  const redis = new Redis(redisUrl);
  atEnd(() => redis.disconnect());
  for (let round = 0; round < 8; round += 1) {
    await sleep(intervalMs / 2);
    const seen: ListedInstance | undefined = (await instances(second)).find(({ instance }) => instance === "api-1");
    assert.ok(seen !== undefined && seen.ageMs < 2.2 * intervalMs, JSON.stringify(seen));
  }
  await first.postgres.set("pass");
  await first.redis.set("hole");
  await eventually(
    () => fleetOf(first),
    ({ store }) => store === "postgres",
    3000,
  );
  for (let round = 0; round < 4; round += 1) {
    await sleep(intervalMs / 2);
    assert.ok((await instances(first)).some(({ instance }) => instance === "api-2"));
  }
  await first.redis.set("pass");
  await eventually(
    () => fleetOf(first),
    ({ store }) => store === "redis",
    5000,
  );
});

test("while no store answers, an instance lists only itself and reports when the stores became silent", async () => {
  const { members } = await startLocalFleet(2);
  const [first] = members;
  assert.ok(first);
  const before = Date.now();
  await Promise.all([first.postgres.set("refuse"), first.redis.set("refuse")]);
  const { instances: seen, silentSince } = await eventually(
    () => fleetOf(first),
    ({ store }) => store === null,
    4 * intervalMs,
  );
  assert.deepEqual(
    seen.map(({ self }) => self),
    [true],
  );
  assert.ok(Math.abs(Date.parse(String(silentSince)) - before) < 4 * intervalMs);
  await Promise.all([first.postgres.set("pass"), first.redis.set("pass")]);
  await eventually(
    () => fleetOf(first),
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
  const [first] = members;
  assert.ok(first);
  const redis = new Redis(redisUrl);
  atEnd(() => redis.disconnect());
  const [, own = ""] = (await redis.hgetall("haven:fleet").then(Object.values<string>))[0]?.split(/ (.*)/s) ?? [];
  const [seconds] = await redis.time();
  await redis.hset("haven:fleet", randomUUID(), `${Number(seconds) * 1000} ${own}`);
  await sleep(3 * intervalMs);
  assert.ok(!first.logs.some(({ msg }) => /same INSTANCE_ID/.test(msg)));
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
  const [first, ...others] = fleet.members;
  assert.ok(first);
  const stop = await plantFalseEntries(fleet, "down");
  await first.postgres.set("refuse");
  await eventually(
    () => readyOf(first),
    ({ ready }) => !ready,
    detectionTimeMs + 200,
    10,
  );
  assert.deepEqual(decisionsOf(first), ["outlier"]);
  for (const other of others) assert.equal((await readyOf(other)).ready, true);
  stop();
  await first.postgres.set("pass");
});

test("false, truncated or outdated heartbeats do not take an instance out of rotation in a shared outage", async () => {
  const fleet = await startLocalFleet(3);
  const stop = await plantFalseEntries(fleet, "up");
  for (const { postgres } of fleet.members) await postgres.set("refuse");
  const deadline = performance.now() + detectionTimeMs + 2 * intervalMs;
  while (performance.now() < deadline) {
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

test("with fewer than three instances, READY_POLICY=outlier has the same effect as strict", async () => {
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

test("a check of the instance itself takes the instance out of rotation without a vote", async () => {
  const { members } = await startLocalFleet(3, { READY_REQUIRES: "event-loop", OVERLOAD_DELAY_MS: "1" });
  const [first] = members;
  assert.ok(first);
  // All members run in this process, so one saturated event loop affects all of them.
  await eventually(
    async () => {
      await Promise.all(Array.from({ length: 40 }, () => ask(`${first.url}/test/spin/50`)));
      return (await readyOf(first)).status;
    },
    (status) => status === "not_ready",
    15_000,
    0,
  );
  assert.deepEqual(decisionsOf(first), []);
});

test("with READY_POLICY=strict, all instances leave the rotation in a shared outage, and their heartbeats continue", async () => {
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
  const [first] = members;
  assert.ok(first);
  await eventually(
    () => instances(first),
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

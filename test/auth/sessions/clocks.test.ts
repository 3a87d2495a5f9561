import assert from "node:assert/strict";
import { before, test } from "node:test";
import { Redis } from "ioredis";
import { idPrefixAt } from "../../../src/core/ids.ts";
import { steadyClock } from "../../../src/core/timing/clock.ts";
import { atEnd } from "../../shared/at-end.ts";
import { eventually } from "../../shared/eventually.ts";
import { ask, postJson } from "../../shared/requests/http.ts";
import { bearer, login, me, refresh, register, type SignedIn, sameSecret } from "../../shared/requests/people.ts";
import { freshDatabase } from "../../shared/servers/stores/database.ts";
import { freshRedis } from "../../shared/servers/stores/redis.ts";
import { startFaultyHaven } from "../../support/faulty-haven.ts";
import { type Haven, startHaven } from "../../support/haven.ts";

// Three instances on the same Postgres and Redis. Their clocks differ by twenty seconds.

const offsetMs = 10_000;
const withClockOffset = (ms: number) => ({ clock: { now: () => steadyClock.now() + ms } });
let slow: Haven;
let fast: Haven;
let redisUrl: string;
before(async () => {
  redisUrl = await freshRedis();
  const shared = { ...sameSecret, DATABASE_URL: await freshDatabase(), REDIS_URL: redisUrl };
  slow = await startHaven({ env: { ...shared, INSTANCE_ID: "slow" }, overrides: withClockOffset(-offsetMs) });
  fast = await startHaven({ env: { ...shared, INSTANCE_ID: "fast" }, overrides: withClockOffset(offsetMs) });
});

/** The tests keep this process busy, so replies of Redis arrive late. With the default limit that would count as an outage. */
const generousLimits = { REDIS_COMMAND_TIMEOUT_MS: "2000" };

type Tokens = { accessToken: string; refreshToken: string; expiresIn: number };

async function assertSameSuccessor(first: Haven, second: Haven): Promise<void> {
  const person = await register(first.url);
  const answer = await refresh(first.url, person.refreshToken);
  const retry = await refresh(second.url, person.refreshToken);
  assert.deepEqual([answer.status, retry.status], [200, 200], retry.text);
  assert.equal((retry.json() as Tokens).refreshToken, (answer.json() as Tokens).refreshToken);
  for (const { url } of [first, second]) assert.equal((await me(url, answer.json() as Tokens)).status, 200);
}

test("a refresh on the slow instance that is retried on the fast one gets the same successor", () =>
  assertSameSuccessor(slow, fast));

test("a refresh on the fast instance that is retried on the slow one gets the same successor", () =>
  assertSameSuccessor(fast, slow));

test("a session that begins on the slow instance is active on the fast one, and its listed times come from the clock of the store", async () => {
  const person = await register(slow.url);
  assert.equal((await me(fast.url, person)).status, 200);
  const listed = (await ask(`${fast.url}/api/v1/auth/sessions`, { headers: bearer(person) })).json() as {
    items: { createdAt: string; lastSeenAt: string }[];
  };
  const ageMs = Date.now() - Date.parse(listed.items[0]?.createdAt ?? "");
  assert.ok(Math.abs(ageMs) < 5000, `created ${ageMs} ms ago`);
});

test("an idle session ends after its idle time on every instance", async () => {
  const person = await register(slow.url);
  const redis = directRedis(redisUrl);
  const key = keyOf(person);
  const ttlBefore = await redis.pttl(key);
  await me(fast.url, person);
  const ttlAfter = await redis.pttl(key);
  const dayMs = 86_400_000;
  for (const ms of [ttlBefore, ttlAfter]) assert.ok(ms <= dayMs && ms > dayMs - 5000, `${ms} ms`);
});

for (const [name, ownOffsetMs] of [
  ["slow", -offsetMs],
  ["fast", offsetMs],
] as const) {
  test(`ending all other sessions on a ${name} instance ends earlier sessions and keeps later ones`, async () => {
    const haven = await startFaultyHaven({
      env: { ...sameSecret, ...generousLimits },
      overrides: withClockOffset(ownOffsetMs),
    });
    const redis = directRedis(haven.redisUrl);
    const person = await register(haven.url);
    const old = await login(haven.url, person);
    const record = await redis.hgetall(keyOf(old));
    const ended = await ask(`${haven.url}/api/v1/auth/sessions`, { method: "DELETE", headers: bearer(person) });
    assert.equal(ended.status, 204, ended.text);
    const fresh = await login(haven.url, person);
    // Restores the session in Redis, as a failover does that loses the revocation.
    await redis.hset(keyOf(old), record);
    await redis.zadd(`haven:{${old.userId}}:sessions`, Number(record["seen"]), old.sessionId);
    await haven.redis.set("reset");
    await haven.redis.set("pass");
    await eventually(
      () => redis.exists(keyOf(old)),
      (count) => count === 0,
      8000,
    );
    await haven.until("redis", "up", 4000);
    for (const session of [person, fresh]) {
      const answer = await eventually(
        () => refresh(haven.url, session.refreshToken),
        ({ status }) => status !== 503,
      );
      assert.equal(answer.status, 200, answer.text);
    }
    await haven.redis.set("refuse");
    assert.equal((await me(haven.url, old)).status, 401);
    assert.equal((await me(haven.url, fresh)).status, 200);
  });
}

test("an access token of a short session expires with its session, whatever the clock of the instance", async () => {
  for (const ms of [-offsetMs, offsetMs]) {
    const haven = await startHaven({ env: { ...sameSecret, SESSION_MAX_AGE: "60" }, overrides: withClockOffset(ms) });
    const person = await register(haven.url);
    const { expiresIn } = (await refresh(haven.url, person.refreshToken)).json() as Tokens;
    assert.ok(expiresIn >= 50 && expiresIn <= 60, `${expiresIn} s with the clock ${ms} ms off`);
  }
});

test("attempts are counted in one window, whatever the clock of the instance", async () => {
  const shared = {
    ...sameSecret,
    AUTH_RATE_LIMIT: "2",
    DATABASE_URL: await freshDatabase(),
    REDIS_URL: await freshRedis(),
  };
  const instances = [
    await startHaven({ env: shared, overrides: withClockOffset(offsetMs) }),
    await startHaven({ env: shared, overrides: withClockOffset(-offsetMs) }),
  ];
  const answers = [];
  for (const { url } of [...instances, ...instances])
    answers.push(await postJson(`${url}/api/v1/auth/login`, { email: "user@example.org", password: "wrong" }));
  assert.deepEqual(
    answers.map(({ status }) => status),
    [401, 401, 429, 429],
  );
  for (const { headers } of answers.slice(2)) {
    const waitSeconds = Number(headers["retry-after"]);
    assert.ok(waitSeconds > 50 && waitSeconds <= 60, `${waitSeconds} s`);
  }
});

test("a login stays valid if the time from which sessions are valid is later than the clock of Postgres, as after a failover", async () => {
  const person = await register(slow.url);
  const { db } = slow.running.parts;
  await db.query("UPDATE users SET sessions_valid_from = now() + interval '3 seconds' WHERE id = $1", [person.userId]);
  const session = await login(slow.url, person);
  assert.equal((await me(fast.url, session)).status, 200);
  assert.ok(session.sessionId > person.sessionId);
});

test("the id prefix of a millisecond sorts after the prefix of the millisecond before", () => {
  const moment = new Date(1_800_000_000_000);
  assert.ok(idPrefixAt(new Date(moment.getTime() - 1)) < idPrefixAt(moment));
  assert.equal(idPrefixAt(moment).length, 13);
});

function directRedis(url: string): Redis {
  const redis = new Redis(url);
  atEnd(() => redis.disconnect());
  return redis;
}

const keyOf = ({ userId, sessionId }: SignedIn) => `haven:{${userId}}:session:${sessionId}`;

import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { atEnd } from "../../shared/at-end.ts";
import { eventually } from "../../shared/eventually.ts";
import { without } from "../../shared/programs.ts";
import { type Answer, ask, postJson } from "../../shared/requests/http.ts";
import {
  bearer,
  login,
  logout,
  me,
  newPerson,
  refresh,
  register,
  type SignedIn,
  sameSecret,
} from "../../shared/requests/people.ts";
import { startRedisServer } from "../../shared/servers/stores/redis-servers.ts";
import { type FaultyHaven, startFaultyHaven } from "../../support/faulty-haven.ts";
import { startPair } from "../../support/two-instances.ts";

const assertUnavailable = (answer: Answer, request: string) => {
  assert.equal(answer.status, 503, `${request}: ${answer.text}`);
  assert.equal(answer.headers["content-type"], "application/problem+json");
  assert.ok(Number(answer.headers["retry-after"]) >= 1, request);
  assert.equal(answer.headers["set-cookie"], undefined, request);
  assert.ok(answer.ms < 500, `${request} took ${answer.ms} ms`);
};

async function assertBehaviourWithoutRedis(
  haven: FaultyHaven,
  person: SignedIn,
  revokedBefore: SignedIn,
): Promise<void> {
  for (let i = 0; i < 4; i += 1) {
    const known = await me(haven.url, person);
    assert.equal(known.status, 200, known.text);
    assert.ok(known.ms < 500, `${known.ms} ms`);
  }
  assert.equal(
    (await me(haven.url, revokedBefore)).status,
    401,
    "a session that was revoked before the outage stays revoked",
  );
  assert.equal((await me(haven.url, { accessToken: `${person.accessToken}x` })).status, 401);

  const url = `${haven.url}/api/v1/auth`;
  assertUnavailable(await postJson(`${url}/login`, { email: person.email, password: person.password }), "login");
  assertUnavailable(
    await postJson(`${url}/login`, { email: person.email, password: "wrong" }),
    "login with a wrong password",
  );
  assertUnavailable(await postJson(`${url}/register`, newPerson()), "register");
  assertUnavailable(await refresh(haven.url, person.refreshToken), "refresh");
  assertUnavailable(await ask(`${url}/me`, { headers: { cookie: person.cookie } }), "cookie only");
  assertUnavailable(await ask(`${url}/sessions`, { headers: bearer(person) }), "list sessions");
  assertUnavailable(
    await postJson(
      `${url}/password`,
      { currentPassword: person.password, newPassword: "another password" },
      bearer(person),
    ),
    "password",
  );
}

for (const fault of ["refuse", "hole"] as const) {
  test(`with Redis unavailable (${fault}) valid tokens are accepted, other requests get 503 in time, and no user is logged out`, async () => {
    const haven = await startFaultyHaven({ env: sameSecret });
    const person = await register(haven.url);
    const other = await login(haven.url, person);
    const revokedBefore = await login(haven.url, person);
    await logout(haven.url, revokedBefore);

    await haven.redis.set(fault);
    await assertBehaviourWithoutRedis(haven, person, revokedBefore);
    const revocation = await logout(haven.url, other);
    assert.ok([204, 503].includes(revocation.status));
    assert.ok(revocation.ms < 500);
    await haven.until("redis", "down", 3000);
    await assertBehaviourWithoutRedis(haven, person, revokedBefore);

    await haven.redis.set("pass");
    await haven.until("redis", "up", 3000);
    assert.equal((await me(haven.url, person)).status, 200);
    // The check of Redis recovers first. The client that serves requests reconnects at its next attempt.
    await eventually(
      () => refresh(haven.url, person.refreshToken),
      ({ status }) => status === 200,
      1500,
    );
    if (revocation.status === 204) assert.equal((await me(haven.url, other)).status, 401);
    assert.equal((await me(haven.url, revokedBefore)).status, 401);
    assert.equal((await logout(haven.url, other)).status, revocation.status === 204 ? 401 : 204);
  });
}

test("a frozen Redis counts as unavailable, and earlier revocations stay in effect", {
  skip: without("redis-server"),
}, async () => {
  const server = await startRedisServer();
  const [haven] = await startPair({
    REDIS_URL: server.url,
    REDIS_COMMAND_TIMEOUT_MS: "200",
    HEALTH_CHECK_INTERVAL: "400",
    HEALTH_CHECK_TIMEOUT: "300",
  });
  const person = await register(haven.url);
  const revoked = await login(haven.url, person);
  await logout(haven.url, revoked);
  server.freeze();
  try {
    for (let i = 0; i < 3; i += 1) {
      const known = await me(haven.url, person);
      assert.ok(known.status === 200 && known.ms < 500, `${known.status} after ${known.ms} ms`);
    }
    assert.equal((await me(haven.url, revoked)).status, 401);
    const { email, password } = person;
    assertUnavailable(await postJson(`${haven.url}/api/v1/auth/login`, { email, password }), "login");
    assertUnavailable(await refresh(haven.url, person.refreshToken), "refresh");
  } finally {
    server.thaw();
  }
  await eventually(
    () => refresh(haven.url, person.refreshToken),
    ({ status }) => status === 200,
    5000,
  );
  assert.equal((await me(haven.url, person)).status, 200);
  assert.equal((await me(haven.url, revoked)).status, 401);
});

test("a deactivated account is refused while Redis is unavailable", async () => {
  const haven = await startFaultyHaven({ env: sameSecret });
  const person = await register(haven.url);
  await haven.redis.set("refuse");
  assert.equal((await me(haven.url, person)).status, 200);
  await haven.running.parts.db.query("UPDATE users SET active = false WHERE id = $1", [person.userId]);
  assert.equal((await me(haven.url, person)).status, 401);
});

test("after Redis was flushed all users have to sign in again", async () => {
  const haven = await startFaultyHaven({ env: sameSecret });
  const person = await register(haven.url);
  const redis = new Redis(haven.redisUrl);
  atEnd(() => redis.disconnect());
  await redis.flushdb();
  assert.equal((await me(haven.url, person)).status, 401);
  assert.equal((await refresh(haven.url, person.refreshToken)).status, 401);
  assert.equal((await ask(`${haven.url}/api/v1/auth/me`, { headers: { cookie: person.cookie } })).status, 401);
  await login(haven.url, person);
});

test("a revocation that Redis lost in a failover is applied again after a reconnect", async () => {
  const haven = await startFaultyHaven({ env: sameSecret });
  const person = await register(haven.url);
  const redis = new Redis(haven.redisUrl);
  atEnd(() => redis.disconnect());
  const key = `haven:{${person.userId}}:session:${person.sessionId}`;
  const record = await redis.hgetall(key);
  assert.equal((await logout(haven.url, person)).status, 204);
  await redis.hset(key, record);
  await haven.redis.set("reset");
  await haven.redis.set("pass");
  await eventually(
    () => redis.exists(key),
    (count) => count === 0,
    4000,
  );
  assert.equal((await me(haven.url, person)).status, 401);
});

test("with redis in READY_REQUIRES, the instance leaves the rotation while Redis is unavailable", async () => {
  const haven = await startFaultyHaven({ env: { ...sameSecret, READY_REQUIRES: "postgres,redis" } });
  await haven.redis.set("refuse");
  await eventually(haven.ready, ({ status }) => status === 503);
  await haven.redis.set("pass");
  await eventually(haven.ready, ({ status }) => status === 200);
});

test("with SESSION_CACHE=off an authenticated request sends exactly one command to Redis", async () => {
  const haven = await startFaultyHaven({
    env: { ...sameSecret, HEALTH_CHECK_INTERVAL: "60000", SESSION_CACHE: "off" },
  });
  const person = await register(haven.url);
  await me(haven.url, person);
  await sleep(200);
  const before = haven.redis.sent().length;
  for (let i = 0; i < 10; i += 1) assert.equal((await me(haven.url, person)).status, 200);
  for (let i = 0; i < 10; i += 1) {
    assert.equal((await ask(`${haven.url}/api/v1/auth/me`, { headers: { cookie: person.cookie } })).status, 200);
  }
  const sent = haven.redis.sent().slice(before);
  assert.equal(sent.match(/^\*\d+\r$/gm)?.length, 20, sent.slice(0, 400));
  assert.equal(sent.match(/evalsha/gi)?.length, 20);
});

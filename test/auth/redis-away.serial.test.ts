import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { atEnd } from "../shared/at-end.ts";
import { eventually } from "../shared/eventually.ts";
import { without } from "../shared/programs.ts";
import { type Answer, ask, postJson } from "../shared/requests/http.ts";
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
} from "../shared/requests/people.ts";
import { startRedisServer } from "../shared/servers/redis-servers.ts";
import { type FaultyHaven, startFaultyHaven } from "../support/faulty-haven.ts";
import { startPair } from "../support/two-instances.ts";

const unavailable = (answer: Answer, what: string) => {
  assert.equal(answer.status, 503, `${what}: ${answer.text}`);
  assert.equal(answer.headers["content-type"], "application/problem+json");
  assert.ok(Number(answer.headers["retry-after"]) >= 1, what);
  assert.equal(answer.headers["set-cookie"], undefined, what);
  assert.ok(answer.ms < 500, `${what} took ${answer.ms} ms`);
};

async function behaveWithoutRedis(haven: FaultyHaven, person: SignedIn, revokedBefore: SignedIn): Promise<void> {
  for (let i = 0; i < 4; i += 1) {
    const known = await me(haven.url, person);
    assert.equal(known.status, 200, known.text);
    assert.ok(known.ms < 500, `${known.ms} ms`);
  }
  assert.equal((await me(haven.url, revokedBefore)).status, 401, "a session that was revoked before stays so");
  assert.equal((await me(haven.url, { accessToken: `${person.accessToken}x` })).status, 401);

  const url = `${haven.url}/api/v1/auth`;
  unavailable(await postJson(`${url}/login`, { email: person.email, password: person.password }), "login");
  unavailable(
    await postJson(`${url}/login`, { email: person.email, password: "wrong" }),
    "login with a wrong password",
  );
  unavailable(await postJson(`${url}/register`, newPerson()), "register");
  unavailable(await refresh(haven.url, person.refreshToken), "refresh");
  unavailable(await ask(`${url}/me`, { headers: { cookie: person.cookie } }), "cookie only");
  unavailable(await ask(`${url}/sessions`, { headers: bearer(person) }), "list sessions");
  unavailable(
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
    await behaveWithoutRedis(haven, person, revokedBefore);
    const revocation = await logout(haven.url, other);
    assert.ok([204, 503].includes(revocation.status));
    assert.ok(revocation.ms < 500);
    await haven.until("redis", "down", 3000);
    await behaveWithoutRedis(haven, person, revokedBefore);

    await haven.redis.set("pass");
    await haven.until("redis", "up", 3000);
    assert.equal((await me(haven.url, person)).status, 200);
    // The check recovers first; the connection of the client follows at its next attempt.
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

test("a frozen Redis counts as unavailable, and revocations from before stay in effect", {
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
  const gone = await login(haven.url, person);
  await logout(haven.url, gone);
  server.freeze();
  try {
    for (let i = 0; i < 3; i += 1) {
      const known = await me(haven.url, person);
      assert.ok(known.status === 200 && known.ms < 500, `${known.status} after ${known.ms} ms`);
    }
    assert.equal((await me(haven.url, gone)).status, 401);
    const { email, password } = person;
    unavailable(await postJson(`${haven.url}/api/v1/auth/login`, { email, password }), "login");
    unavailable(await refresh(haven.url, person.refreshToken), "refresh");
  } finally {
    server.thaw();
  }
  await eventually(
    () => refresh(haven.url, person.refreshToken),
    ({ status }) => status === 200,
    5000,
  );
  assert.equal((await me(haven.url, person)).status, 200);
  assert.equal((await me(haven.url, gone)).status, 401);
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
  const direct = new Redis(haven.redisUrl);
  atEnd(() => direct.disconnect());
  await direct.flushdb();
  assert.equal((await me(haven.url, person)).status, 401);
  assert.equal((await refresh(haven.url, person.refreshToken)).status, 401);
  assert.equal((await ask(`${haven.url}/api/v1/auth/me`, { headers: { cookie: person.cookie } })).status, 401);
  await login(haven.url, person);
});

test("a revocation that Redis lost, as in a failover, is applied again after a reconnect", async () => {
  const haven = await startFaultyHaven({ env: sameSecret });
  const person = await register(haven.url);
  const direct = new Redis(haven.redisUrl);
  atEnd(() => direct.disconnect());
  const key = `haven:{${person.userId}}:session:${person.sessionId}`;
  const record = await direct.hgetall(key);
  assert.equal((await logout(haven.url, person)).status, 204);
  await direct.hset(key, record);
  await haven.redis.set("reset");
  await haven.redis.set("pass");
  await eventually(
    () => direct.exists(key),
    (there) => there === 0,
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

test("with SESSION_CACHE=off an authenticated request is exactly one command to Redis", async () => {
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

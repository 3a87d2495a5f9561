import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { atEnd } from "../../shared/at-end.ts";
import { eventually } from "../../shared/eventually.ts";
import { ask, postJson } from "../../shared/requests/http.ts";
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
import { type FaultyHaven, startFaultyHaven } from "../../support/faulty-haven.ts";
import { beginSession } from "../../support/fixtures/sessions.ts";
import { startPair } from "../../support/two-instances.ts";

// A revocation that the server has answered with 204 must stay in effect after any outage, recovery, loss of data or retry.

const revokeOthers = (haven: { url: string }, person: SignedIn) =>
  ask(`${haven.url}/api/v1/auth/sessions`, { method: "DELETE", headers: bearer(person) });

const changePassword = (haven: { url: string }, person: SignedIn, newPassword: string) =>
  postJson(`${haven.url}/api/v1/auth/password`, { currentPassword: person.password, newPassword }, bearer(person));

function directRedis(haven: FaultyHaven): Redis {
  const redis = new Redis(haven.redisUrl);
  atEnd(() => redis.disconnect());
  return redis;
}

const keyOf = ({ userId, sessionId }: SignedIn) => `haven:{${userId}}:session:${sessionId}`;

test("a revocation that succeeds at the second attempt, after a late reply of Redis, stays in effect during an outage of Redis", async () => {
  const haven = await startFaultyHaven({ env: sameSecret });
  const person = await register(haven.url);
  const other = await login(haven.url, person);
  await haven.redis.set({ delayMs: 600 });
  assert.equal((await revokeOthers(haven, person)).status, 503);
  await haven.redis.set("pass");
  await eventually(
    () => revokeOthers(haven, person),
    ({ status }) => status === 204,
  );
  await haven.redis.set("refuse");
  assert.equal((await me(haven.url, other)).status, 401);
  assert.equal((await me(haven.url, person)).status, 200);
});

test("revoking all other sessions, or changing the password, also ends sessions that Redis has lost", async () => {
  for (const endSessions of [
    revokeOthers,
    (haven: FaultyHaven, person: SignedIn) => changePassword(haven, person, "a new long password"),
  ]) {
    const haven = await startFaultyHaven({ env: sameSecret });
    const before = await register(haven.url);
    await directRedis(haven).flushdb();
    await sleep(5);
    const person = await login(haven.url, before);
    assert.equal((await endSessions(haven, person)).status, 204);
    await haven.redis.set("refuse");
    assert.equal((await me(haven.url, before)).status, 401);
    assert.equal((await me(haven.url, person)).status, 200);
  }
});

test("sessions that reappear after an outage of Redis are revoked again, also if Postgres recovers later than Redis", async () => {
  const haven = await startFaultyHaven({ env: sameSecret });
  const person = await register(haven.url);
  const other = await login(haven.url, person);
  const record = await directRedis(haven).hgetall(keyOf(other));
  assert.equal((await revokeOthers(haven, person)).status, 204);

  await haven.redis.set("refuse");
  await haven.until("redis", "down", 3000);
  await directRedis(haven).hset(keyOf(other), record);
  await directRedis(haven).zadd(`haven:{${other.userId}}:sessions`, Date.now(), other.sessionId);
  await haven.postgres.set("refuse");
  await haven.redis.set("pass");
  await haven.until("redis", "up", 4000);
  await haven.postgres.set("pass");
  await eventually(
    () => directRedis(haven).exists(keyOf(other)),
    (count) => count === 0,
    8000,
    200,
  );
  assert.equal((await me(haven.url, other)).status, 401);
  assert.equal((await refresh(haven.url, other.refreshToken)).status, 401);
});

test("thousands of revocations of one user do not delay those of other users", async () => {
  const haven = await startFaultyHaven({ env: sameSecret });
  const [busy, person] = [await register(haven.url), await register(haven.url)];
  const fill = `INSERT INTO session_revocations (session_id, user_id, expires_at)
                SELECT gen_random_uuid(), $1, now() + interval '1 day' FROM generate_series(1, 9000)`;
  await haven.running.parts.db.query(fill, [busy.userId]);
  const record = await directRedis(haven).hgetall(keyOf(person));
  assert.equal((await logout(haven.url, person)).status, 204);
  await directRedis(haven).hset(keyOf(person), record);
  await haven.redis.set("reset");
  await haven.redis.set("pass");
  await eventually(
    () => directRedis(haven).exists(keyOf(person)),
    (count) => count === 0,
    8000,
    200,
  );
});

test("a change of the password ends all sessions of logins with the old password, also of logins at the same time", async () => {
  const [one, two] = await startPair();
  for (let round = 0; round < 5; round += 1) {
    const person = await register(one.url);
    const logins = Array.from({ length: 6 }, async (_, index) => {
      await sleep(index * 10);
      return login(index % 2 === 0 ? one.url : two.url, person).catch(() => undefined);
    });
    await sleep(20);
    const changed = await changePassword(one, person, "a new long password");
    assert.equal(changed.status, 204, changed.text);
    for (const session of await Promise.all(logins)) {
      if (session !== undefined) assert.equal((await me(two.url, session)).status, 401);
    }
    assert.equal((await me(two.url, person)).status, 200);
  }
});

test("of two concurrent password changes one succeeds, and its password is valid", async () => {
  const [one, two] = await startPair();
  for (let round = 0; round < 5; round += 1) {
    const person = await register(one.url);
    const other = await login(two.url, person);
    const answers = await Promise.all([
      changePassword(one, person, "the owner's password"),
      changePassword(two, other, "another new password"),
    ]);
    const hasSucceeded = answers.map(({ status }) => status === 204);
    assert.equal(hasSucceeded.filter(Boolean).length, 1, JSON.stringify(answers.map(({ status }) => status)));
    await login(one.url, {
      email: person.email,
      password: hasSucceeded[0] ? "the owner's password" : "another new password",
    });
  }
});

test("a password change that fails because of Redis changes nothing, at whatever step it fails", async () => {
  const haven = await startFaultyHaven({ env: sameSecret });
  for (const afterMs of [0, 20, 40, 60, 80, 100]) {
    const person = await register(haven.url);
    const change = changePassword(haven, person, "a new long password");
    await sleep(afterMs);
    await haven.redis.set("refuse");
    const { status } = await change;
    await haven.redis.set("pass");
    await haven.until("redis", "up", 4000);
    const password = status === 204 ? "a new long password" : person.password;
    // The connections for reads and for writes come back at different times.
    const again = await eventually(
      () => postJson(`${haven.url}/api/v1/auth/login`, { email: person.email, password }),
      (answer) => answer.status !== 503,
    );
    assert.equal(again.status, 200, `${afterMs} ms: ${status}, then ${again.text}`);
  }
});

test("a refresh after a rotation of the secret returns a valid cookie", async () => {
  const [before] = await startPair();
  const { databaseUrl, redisUrl } = addressesOf(before);
  const next = { JWT_SECRET: "f0e1d2c3b4a5968778695a4b3c2d1e0ff0e1d2c3", JWT_SECRET_PREVIOUS: sameSecret.JWT_SECRET };
  const [after] = await startPair({ ...next, DATABASE_URL: databaseUrl, REDIS_URL: redisUrl });
  const person = await register(before.url);
  const refreshed = await refresh(after.url, person.refreshToken);
  const cookie = refreshed.headers["set-cookie"]?.[0]?.split(";")[0] ?? person.cookie;
  assert.equal((await ask(`${after.url}/api/v1/auth/me`, { headers: { cookie } })).status, 200);
});

test("a constant request id does not bypass the rate limit", async () => {
  const [one] = await startPair({ AUTH_RATE_LIMIT: "3" });
  const statuses: number[] = [];
  for (let i = 0; i < 6; i += 1) {
    const wrong = { email: newPerson().email, password: "wrong" };
    statuses.push((await postJson(`${one.url}/api/v1/auth/login`, wrong, { "x-request-id": "constant-id-1" })).status);
  }
  assert.deepEqual(statuses, [401, 401, 401, 429, 429, 429]);
});

test("an access token expires no later than its session", async () => {
  const haven = await startFaultyHaven({ env: { ...sameSecret, SESSION_TTL: "5", SESSION_MAX_AGE: "2" } });
  const answer = await postJson(`${haven.url}/api/v1/auth/register`, newPerson());
  const { expiresIn } = answer.json() as { expiresIn: number };
  assert.ok(expiresIn >= 1 && expiresIn <= 2, `${expiresIn} s`);
});

test("a login above the maximum of sessions ends the oldest session, also if the clocks of the instances differ", async () => {
  const haven = await startFaultyHaven({ env: sameSecret });
  const person = await register(haven.url);
  const sessions = await Promise.all(Array.from({ length: 19 }, () => beginSession(haven, person.userId)));
  const index = `haven:{${person.userId}}:sessions`;
  for (const { sessionId } of [person, ...sessions]) await directRedis(haven).zadd(index, Date.now() + 5000, sessionId);
  assert.equal((await me(haven.url, await login(haven.url, person))).status, 200);
});

test("a forged cookie before the session cookie does not lock the user out", async () => {
  const [one] = await startPair();
  const person = await register(one.url);
  const cookie = `haven_session=planted; ${person.cookie}`;
  assert.equal((await ask(`${one.url}/api/v1/auth/me`, { headers: { cookie } })).status, 200);
});

function addressesOf(haven: Awaited<ReturnType<typeof startPair>>[0]) {
  const { addresses } = haven.running.parts;
  const { redis } = addresses;
  if (redis.kind !== "url") throw new Error("the test needs a single Redis with a URL");
  return { databaseUrl: addresses.databaseUrl, redisUrl: redis.url };
}

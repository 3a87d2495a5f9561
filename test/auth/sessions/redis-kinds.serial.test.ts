import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { eventually } from "../../shared/eventually.ts";
import { without } from "../../shared/programs.ts";
import { ask, postJson } from "../../shared/requests/http.ts";
import { bearer, login, logout, me, refresh, register } from "../../shared/requests/people.ts";
import { runProgram } from "../../shared/run-program.ts";
import { startRedisCluster, startRedisSentinel } from "../../shared/servers/stores/redis-servers.ts";
import { startPair } from "../../support/two-instances.ts";

type Pair = Awaited<ReturnType<typeof startPair>>;

/** Asserts the main properties of sessions on two instances. */
async function assertSessionLifecycle([one, two]: Pair): Promise<void> {
  const people = await Promise.all(Array.from({ length: 12 }, () => register(one.url)));
  for (const person of people) {
    assert.equal((await me(two.url, person)).status, 200);
    // In a cluster, the keys of the forged cookies and of the session are on different nodes.
    const forged = Array.from({ length: 4 }, () => `haven_session=${randomBytes(68).toString("base64url")}`);
    const cookie = [...forged, person.cookie].join("; ");
    assert.equal((await ask(`${two.url}/api/v1/auth/me`, { headers: { cookie } })).status, 200);
  }
  const [person, other] = people;
  assert.ok(person !== undefined && other !== undefined);

  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, i) => refresh((i % 2 === 0 ? one : two).url, person.refreshToken)),
  );
  const successors = new Set(answers.map((answer) => (answer.json() as { refreshToken: string }).refreshToken));
  assert.deepEqual([answers.filter(({ status }) => status === 200).length, successors.size], [20, 1]);

  const phone = await login(two.url, person);
  const sessions = (await ask(`${one.url}/api/v1/auth/sessions`, { headers: bearer(person) })).json() as {
    items: { id: string }[];
  };
  assert.equal(sessions.items.length, 2);
  const removed = await ask(`${one.url}/api/v1/auth/sessions/${phone.sessionId}`, {
    method: "DELETE",
    headers: bearer(person),
  });
  assert.equal(removed.status, 204);
  assert.equal((await me(two.url, phone)).status, 401);

  const tablet = await login(two.url, person);
  const passwords = { currentPassword: person.password, newPassword: "a new long password" };
  assert.equal((await postJson(`${one.url}/api/v1/auth/password`, passwords, bearer(person))).status, 204);
  assert.equal((await me(two.url, tablet)).status, 401);

  assert.equal((await logout(two.url, person)).status, 204);
  assert.equal((await me(one.url, person)).status, 401);
  assert.equal((await me(one.url, other)).status, 200);
}

const main = fileURLToPath(new URL("../../../src/main.ts", import.meta.url));

/** Asserts that the command `deactivate` finds Redis with the settings of the servers, and revokes the session. */
async function assertDeactivation([one, two]: Pair, settings: Record<string, string>): Promise<void> {
  const person = await register(one.url);
  const env = { PATH: process.env["PATH"], DATABASE_URL: one.running.parts.addresses.databaseUrl, ...settings };
  const { output } = await runProgram(process.execPath, [main, "deactivate", person.email], { env });
  assert.equal(output, "The account is deactivated, and its sessions are revoked.\n");
  assert.equal((await me(two.url, person)).status, 401);
}

test("sessions work on a Redis Cluster of three nodes, with rate limits", {
  skip: without("redis-server"),
}, async () => {
  const cluster = await startRedisCluster();
  const pair = await startPair({ REDIS_URL: "", REDIS_CLUSTER_NODES: cluster.nodes, AUTH_RATE_LIMIT: "1000" });
  await assertSessionLifecycle(pair);
  await assertDeactivation(pair, { REDIS_CLUSTER_NODES: cluster.nodes });
});

test("sessions work with Sentinel, and survive a failover", { skip: without("redis-server") }, async () => {
  const group = await startRedisSentinel();
  const pair = await startPair({
    REDIS_URL: "",
    REDIS_SENTINELS: group.sentinels,
    REDIS_SENTINEL_NAME: group.name,
    HEALTH_CHECK_INTERVAL: "500",
  });
  const [one, two] = pair;
  await assertSessionLifecycle(pair);
  await assertDeactivation(pair, { REDIS_SENTINELS: group.sentinels, REDIS_SENTINEL_NAME: group.name });

  const person = await register(one.url);
  const loggedOut = await login(one.url, person);
  await logout(one.url, loggedOut);
  await group.failover();
  // Until the new primary answers, a valid token is checked in Postgres and accepted.
  assert.equal((await me(one.url, person)).status, 200);
  for (const { url } of pair) {
    await eventually(
      () => ask(`${url}/ready/redis`),
      ({ status }) => status === 200,
      10_000,
    );
    assert.equal((await me(url, person)).status, 200);
    assert.equal((await me(url, loggedOut)).status, 401);
    const meWithCookie = () => ask(`${url}/api/v1/auth/me`, { headers: { cookie: person.cookie } });
    await eventually(meWithCookie, ({ status }) => status === 200, 6000);
  }
  await eventually(
    () => refresh(two.url, person.refreshToken),
    ({ status }) => status === 200,
    6000,
  );
});

import assert from "node:assert/strict";
import { before, test } from "node:test";
import {
  assertCannotWrite,
  assertRefusedBeforeBody,
  assertWritesAgain,
  codeOf,
  createProperty,
  limits,
  listProperties,
  medianMs,
  readyStatus,
  reportOf,
} from "../half-alive/support/observe.ts";
import { eventually } from "../shared/eventually.ts";
import { without } from "../shared/programs.ts";
import { ask, postJson } from "../shared/requests/http.ts";
import { bearer, login, me, refresh, register, type SignedIn, sameSecret } from "../shared/requests/people.ts";
import { asAppRole, prepareTemplate, query } from "../shared/servers/stores/database.ts";
import { type PostgresServer, startPostgresServer } from "../shared/servers/stores/postgres-servers.ts";
import { askRedis, type RedisServer, startRedisServer } from "../shared/servers/stores/redis-servers.ts";
import { type Haven, startHaven } from "../support/haven.ts";

// A store is already impaired when the server starts: it responds, but it accepts no writes.

const skip = without("pg_virtualenv") || without("redis-server");
let postgres: PostgresServer;
let redis: RedisServer;
let person: SignedIn;
let env: Record<string, string>;

before(async () => {
  if (skip) return;
  postgres = await startPostgresServer();
  await prepareTemplate(postgres.url);
  redis = await startRedisServer(["maxmemory-policy noeviction"]);
  const databaseUrl = asAppRole(postgres.url.replace(/\/postgres$/, "/haven_template"));
  env = { ...sameSecret, ...limits, DATABASE_URL: databaseUrl, REDIS_URL: redis.url };
  const earlier = await startHaven({ env });
  person = await register(earlier.url);
  await earlier.stop();
});

const setReadOnly = async (value: "on" | "off") => {
  await query(postgres.url, `ALTER SYSTEM SET default_transaction_read_only = ${value}`);
  await query(postgres.url, "SELECT pg_reload_conf()");
};

const statusOf = async ({ url }: Haven, probe: string) => (await ask(`${url}/${probe}`)).status;

const untilDegraded = (haven: Haven) =>
  eventually(
    () => readyStatus(haven),
    (status) => status === "degraded",
    20_000,
  );

test("a server that starts with a read-only Postgres is ready, reports it as degraded and serves reads", {
  skip,
}, async () => {
  await setReadOnly("on");
  const haven = await startHaven({ env, waitUntil: "listening" });
  const write = () => createProperty(haven, person);
  try {
    await untilDegraded(haven);
    assert.deepEqual([await statusOf(haven, "startup"), await statusOf(haven, "ready")], [200, 200]);
    await assertCannotWrite(haven, "postgres", "read_only");
    assert.equal((await listProperties(haven, person)).status, 200);
    assert.equal((await refresh(haven.url, person.refreshToken)).status, 200);
    assert.equal(codeOf(await write()), "read_only");
    const refusedMs = await medianMs(() => assertRefusedBeforeBody(haven, "/api/v1/properties", bearer(person)));
    assert.ok(refusedMs < 50, `refused after ${refusedMs} ms`);
  } finally {
    await setReadOnly("off");
  }
  await assertWritesAgain(haven, "postgres", write);
  await haven.stop();
});

test("with postgres:write in READY_REQUIRES, the startup probe fails until Postgres accepts writes", {
  skip,
}, async () => {
  await setReadOnly("on");
  const haven = await startHaven({ env: { ...env, READY_REQUIRES: "postgres:write" }, waitUntil: "listening" });
  try {
    const check = await eventually(
      async () => (await reportOf(haven)).checks["postgres"],
      (state) => state?.status === "impaired",
      20_000,
    );
    assert.equal(check?.reason, "read_only");
    assert.deepEqual(
      [await statusOf(haven, "alive"), await statusOf(haven, "startup"), await statusOf(haven, "ready")],
      [200, 503, 503],
    );
  } finally {
    await setReadOnly("off");
  }
  await eventually(
    async () => [await statusOf(haven, "startup"), await statusOf(haven, "ready")],
    ([startup, ready]) => startup === 200 && ready === 200,
    20_000,
  );
  await haven.stop();
});

test("a server that starts while Redis is out of memory reads sessions, and rejects changes of sessions until Redis has memory", {
  skip,
}, async () => {
  await askRedis(redis.port, "config", "set", "maxmemory", "1");
  const haven = await startHaven({ env, waitUntil: "listening" });
  await untilDegraded(haven);
  assert.deepEqual([await statusOf(haven, "startup"), await statusOf(haven, "ready")], [200, 200]);
  await assertCannotWrite(haven, "redis", "out_of_memory");
  const byCookie = await ask(`${haven.url}/api/v1/auth/me`, { headers: { cookie: person.cookie } });
  assert.deepEqual([byCookie.status, (await me(haven.url, person)).status], [200, 200]);
  assert.equal((await createProperty(haven, person)).status, 201);
  const { email, password } = person;
  const refused = await postJson(`${haven.url}/api/v1/auth/login`, { email, password });
  assert.deepEqual([refused.status, codeOf(refused)], [503, "read_only"]);

  await askRedis(redis.port, "config", "set", "maxmemory", "0");
  await eventually(
    () => readyStatus(haven),
    (status) => status === "ready",
    20_000,
  );
  assert.equal((await login(haven.url, person)).userId, person.userId);
  await haven.stop();
});

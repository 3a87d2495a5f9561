import assert from "node:assert/strict";
import { test } from "node:test";
import { Redis } from "ioredis";
import pg from "pg";
import { atEnd } from "../../shared/at-end.ts";
import { eventually } from "../../shared/eventually.ts";
import { ask } from "../../shared/requests/http.ts";
import { login, me, refresh, register, type SignedIn, sameSecret } from "../../shared/requests/people.ts";
import { query } from "../../shared/servers/stores/database.ts";
import { startFaultyHaven } from "../../support/faulty-haven.ts";

const successor = (answer: Awaited<ReturnType<typeof refresh>>) =>
  (answer.json() as { refreshToken: string }).refreshToken;

const keyOf = ({ userId, sessionId }: SignedIn) => `haven:{${userId}}:session:${sessionId}`;

/** Locks the table of revocations until `release` is called. */
async function lockRevocations(databaseUrl: string) {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  atEnd(() => client.end());
  await client.query("BEGIN");
  await client.query("LOCK TABLE session_revocations IN ACCESS EXCLUSIVE MODE");
  return { release: () => client.query("ROLLBACK") };
}

const statementsWaitingForLock = (databaseUrl: string) =>
  query(
    databaseUrl,
    "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%session_revocations%'",
  );

test("the revocation after a refresh token reuse is not lost if Postgres fails during the write", async () => {
  const haven = await startFaultyHaven({
    env: { ...sameSecret, REDIS_COMMAND_TIMEOUT_MS: "2000", DB_STATEMENT_TIMEOUT_MS: "10000" },
  });
  const redis = new Redis(haven.redisUrl);
  atEnd(() => redis.disconnect());
  const person = await register(haven.url);
  const stolen = await login(haven.url, person);
  const second = successor(await refresh(haven.url, stolen.refreshToken));
  const third = successor(await refresh(haven.url, second));
  const record = await redis.hgetall(keyOf(stolen));

  const lock = await lockRevocations(haven.databaseUrl);
  const reuse = refresh(haven.url, stolen.refreshToken);
  await eventually(
    () => statementsWaitingForLock(haven.databaseUrl),
    (rows) => rows.length > 0,
  );
  await haven.postgres.set("refuse");
  assert.equal((await reuse).status, 503, "the server does not report success for a revocation that it has not stored");
  const cookieResponse = await ask(`${haven.url}/api/v1/auth/me`, { headers: { cookie: stolen.cookie } });
  assert.equal(cookieResponse.status, 401, "the session is refused meanwhile");
  assert.equal((await me(haven.url, stolen)).status, 401);

  await lock.release();
  await haven.postgres.set("pass");
  const written = "SELECT session_id FROM session_revocations WHERE session_id = $1";
  // The server retries the write itself; the client does not.
  await eventually(
    () => query(haven.databaseUrl, written, [stolen.sessionId]),
    (rows) => rows.length === 1,
    15_000,
  );
  // Restores the session in Redis, as a failover does if the new primary has not received the deletion.
  await eventually(
    () => redis.exists(keyOf(stolen)),
    (count) => count === 0,
  );
  await redis.hset(keyOf(stolen), record);
  await redis.zadd(`haven:{${stolen.userId}}:sessions`, Number(record["seen"]), stolen.sessionId);
  await haven.redis.set("reset");
  await haven.redis.set("pass");
  await eventually(
    () => redis.exists(keyOf(stolen)),
    (count) => count === 0,
    8000,
  );
  const last = await eventually(
    () => refresh(haven.url, third),
    ({ status }) => status !== 503,
  );
  assert.equal(last.status, 401);
  assert.equal((await me(haven.url, person)).status, 200, "the other session of the user stays active");
});

test("if Postgres fails to store the revocation after a reuse, the next refresh with any token of the session ends the session", async () => {
  const haven = await startFaultyHaven({
    env: { ...sameSecret, REDIS_COMMAND_TIMEOUT_MS: "2000" },
  });
  const person = await register(haven.url);
  const second = successor(await refresh(haven.url, person.refreshToken));
  const third = successor(await refresh(haven.url, second));
  // Postgres reports a full disk for each revocation; other statements succeed.
  await query(
    haven.databaseUrl,
    `CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS
     $$ BEGIN RAISE EXCEPTION 'no space left on device' USING ERRCODE = '53100'; END $$;
     CREATE TRIGGER fail BEFORE INSERT ON session_revocations FOR EACH ROW EXECUTE FUNCTION fail()`,
  );
  assert.equal((await refresh(haven.url, person.refreshToken)).status, 503);
  assert.equal((await refresh(haven.url, third)).status, 503, "the newest token is not served either");
  await query(haven.databaseUrl, "DROP TRIGGER fail ON session_revocations");
  const again = await eventually(
    () => refresh(haven.url, third),
    ({ status }) => status !== 503,
  );
  assert.equal(again.status, 401);
  const rows = await eventually(
    () => query(haven.databaseUrl, "SELECT FROM session_revocations WHERE session_id = $1", [person.sessionId]),
    ({ length }) => length === 1,
    15_000,
  );
  assert.equal(rows.length, 1);
});

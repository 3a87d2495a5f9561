import assert from "node:assert/strict";
import { test } from "node:test";
import pg from "pg";
import { atEnd } from "../shared/at-end.ts";
import { eventually } from "../shared/eventually.ts";
import { ask } from "../shared/requests/http.ts";
import { me, register, sameSecret } from "../shared/requests/people.ts";
import { appRole, asAppRole, freshDatabase, query } from "../shared/servers/stores/database.ts";
import { testRoutes } from "../shared/servers/test-routes.ts";
import { startHaven } from "../support/haven.ts";
import {
  assertCannotWrite,
  assertWritesAgain,
  createProperty,
  detectionTimeMs,
  falseReadyTime,
  limits,
  listProperties,
  reportOf,
} from "./support/observe.ts";

// Requests fail although the checks of Postgres pass, because the checks use their own table and connections.

async function start() {
  const url = await freshDatabase();
  const env = { ...sameSecret, ...limits, DATABASE_URL: asAppRole(url) };
  const haven = await startHaven({ env, overrides: { routes: testRoutes } });
  return { url, haven, person: await register(haven.url) };
}

test("a table that another client has locked is reported in time, requests that do not use it are served, and writes succeed after the unlock", async () => {
  const { url, haven, person } = await start();
  const write = () => createProperty(haven, person);
  const other = new pg.Client({ connectionString: url });
  await other.connect();
  atEnd(() => other.end());
  await other.query("BEGIN; LOCK TABLE properties IN ACCESS EXCLUSIVE MODE");
  const { failed, falseReadyMs } = await falseReadyTime(haven, write);
  assert.equal(failed.status, 503);
  assert.ok(falseReadyMs < detectionTimeMs, `the probes reported ready for ${falseReadyMs} ms`);
  const { status, checks } = await reportOf(haven);
  assert.equal(status, "degraded");
  assert.partialDeepStrictEqual(checks["tables"], { status: "down", reason: "locked", critical: false });
  assert.equal(checks["postgres"]?.status, "up");
  assert.equal((await ask(`${haven.url}/ready`)).status, 200);
  assert.equal((await me(haven.url, person)).status, 200);
  await other.query("ROLLBACK");
  await assertWritesAgain(haven, "postgres", write);
});

test("missing privileges for one table are reported as forbidden, and everything else is served", async () => {
  const { url, haven, person } = await start();
  const write = () => createProperty(haven, person);
  await query(url, `REVOKE INSERT ON properties FROM ${appRole.name}`);
  const { failed, falseReadyMs } = await falseReadyTime(haven, write);
  assert.equal(failed.status, 503);
  assert.ok(falseReadyMs < detectionTimeMs, `the probes reported ready for ${falseReadyMs} ms`);
  const { checks } = await reportOf(haven);
  assert.partialDeepStrictEqual(checks["tables"], { status: "down", reason: "forbidden" });
  assert.equal(checks["postgres"]?.status, "up");
  assert.equal((await listProperties(haven, person)).status, 200);
  await query(url, `GRANT INSERT ON properties TO ${appRole.name}`);
  await assertWritesAgain(haven, "postgres", write);
});

test("a dropped table is reported as missing, and everything else is served", async () => {
  const { url, haven, person } = await start();
  const write = () => createProperty(haven, person);
  await query(url, "ALTER TABLE properties RENAME TO properties_away");
  const { failed, falseReadyMs } = await falseReadyTime(haven, write);
  assert.equal(failed.status, 503);
  assert.ok(falseReadyMs < detectionTimeMs, `the probes reported ready for ${falseReadyMs} ms`);
  const { status, checks } = await reportOf(haven);
  assert.equal(status, "degraded");
  assert.partialDeepStrictEqual(checks["tables"], { status: "down", reason: "missing", critical: false });
  assert.equal(checks["postgres"]?.status, "up");
  assert.equal((await listProperties(haven, person)).status, 503);
  assert.equal((await me(haven.url, person)).status, 200);
  await query(url, "ALTER TABLE properties_away RENAME TO properties");
  await assertWritesAgain(haven, "postgres", write);
});

test("a statement of the application that takes too long is not reported as a fault of a table", async () => {
  const { haven } = await start();
  const lastSuccessAt = async () => (await reportOf(haven)).checks["tables"]?.lastSuccessAt;
  assert.equal((await ask(`${haven.url}/test/sql/3000`)).status, 503);
  const before = await lastSuccessAt();
  await eventually(lastSuccessAt, (at) => at !== before);
  const { checks } = await reportOf(haven);
  assert.partialDeepStrictEqual(checks["tables"], { status: "up", lastFailureAt: null });
});

const endConnectionsOfRequests = (url: string) =>
  query(
    url,
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'haven' AND datname = current_database()",
  );

test("a database that is read-only for new connections is reported, although the connection of the check still writes", async () => {
  const { url, haven, person } = await start();
  const write = () => createProperty(haven, person);
  const name = new URL(url).pathname.slice(1);
  await query(url, `ALTER DATABASE ${name} SET default_transaction_read_only = on`);
  await endConnectionsOfRequests(url);
  const { falseReadyMs } = await falseReadyTime(haven, write);
  assert.ok(falseReadyMs < detectionTimeMs, `the probes reported ready for ${falseReadyMs} ms`);
  await assertCannotWrite(haven, "postgres", "read_only");
  await query(url, `BEGIN READ WRITE; ALTER DATABASE ${name} RESET default_transaction_read_only; COMMIT`);
  await assertWritesAgain(haven, "postgres", write);
});

test("a Postgres that refuses further connections is reported, although the connections of the checks stay open", async () => {
  const { url, haven, person } = await start();
  const name = new URL(url).pathname.slice(1);
  await query(url, `ALTER DATABASE ${name} CONNECTION LIMIT 1`);
  await endConnectionsOfRequests(url);
  const { falseReadyMs } = await falseReadyTime(haven, () => listProperties(haven, person));
  assert.ok(falseReadyMs < detectionTimeMs, `the probes reported ready for ${falseReadyMs} ms`);
  const { checks } = await reportOf(haven);
  assert.partialDeepStrictEqual(checks["connections"], { status: "down", reason: "too_many_connections" });
  assert.equal(checks["postgres"]?.status, "up");
  await query(url, `ALTER DATABASE ${name} CONNECTION LIMIT -1`);
  await assertWritesAgain(haven, "postgres", () => createProperty(haven, person));
});

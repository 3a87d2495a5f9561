import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { before, test } from "node:test";
import { AppError } from "../../src/core/errors/app-error.ts";
import { runIdempotent } from "../../src/db/idempotency.ts";
import { createDatabase, type Database } from "../../src/db/pool.ts";
import { atEnd } from "../shared/at-end.ts";
import { eventually } from "../shared/eventually.ts";
import { postJson } from "../shared/requests/http.ts";
import { bearer, register, sameSecret } from "../shared/requests/people.ts";
import { asAppRole, prepareTemplate, query } from "../shared/servers/stores/database.ts";
import { type PostgresServer, startPostgresServer } from "../shared/servers/stores/postgres-servers.ts";
import { startHaven } from "../support/haven.ts";
import { createProperty, limits, readyStatus } from "./support/observe.ts";

// Commits wait for a standby that is missing, and their requests time out.

const poolMax = 10;
let server: PostgresServer;
let url: string;
let userId: string;
let db: Database;
before(async () => {
  server = await startPostgresServer({ settings: ["synchronous_commit = on"] });
  await prepareTemplate(server.url);
  url = server.url.replace(/\/postgres$/, "/haven_template");
  // No breaker, so that every write reaches Postgres.
  db = createDatabase(
    {
      url: asAppRole(url),
      poolMax,
      connectTimeoutMs: 30_000,
      statementTimeoutMs: 500,
      idleTransactionTimeoutMs: 5000,
    },
    (work) => work(),
  );
  atEnd(() => db.close());
  const [user] = await query<{ id: string }>(
    url,
    `INSERT INTO users (id, email, name, password_hash) VALUES (gen_random_uuid(), 'owner@example.org', 'Owner', 'x') RETURNING id`,
  );
  userId = user?.id ?? "";
});

const requireStandby = async (name: string) => {
  await query(server.url, `ALTER SYSTEM SET synchronous_standby_names = '${name}'`);
  await query(server.url, "SELECT pg_reload_conf()");
};

const countWaiting = async (): Promise<number> => {
  const sql =
    "SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name = 'haven' AND wait_event = 'SyncRep'";
  return (await query<{ n: number }>(server.url, sql))[0]?.n ?? Number.NaN;
};

const runIdempotentWrite = (key: string) =>
  runIdempotent(db, { userId, key, fingerprint: key }, async () => ({ status: 201, headers: {}, body: key }));

test("after fifty commits have timed out, no backend still waits", async () => {
  await requireStandby("missing");
  const counts: number[] = [];
  try {
    const writes = Array.from({ length: 50 }, () => runIdempotentWrite(randomUUID()).catch((error: unknown) => error));
    const ended = Promise.all(writes);
    let isRunning = true;
    void ended.finally(() => {
      isRunning = false;
    });
    while (isRunning) counts.push(await countWaiting());
    for (const error of await ended) {
      assert.ok(error instanceof AppError);
      assert.match(error.message, /may have taken effect/);
    }
    assert.ok(Math.max(...counts) <= poolMax, `${Math.max(...counts)} backends waited at the same time`);
    await eventually(countWaiting, (n) => n === 0);
  } finally {
    await requireStandby("");
  }
});

test("a retry of a commit that timed out gets its response only after the standby has the commit", async () => {
  await requireStandby("missing");
  try {
    await assert.rejects(runIdempotentWrite("once"), /may have taken effect/);
    await eventually(countWaiting, (n) => n === 0);
    const stored = await query(url, "SELECT FROM idempotency_keys WHERE key = 'once'");
    assert.equal(stored.length, 1);
    await assert.rejects(runIdempotentWrite("once"), /may have taken effect/);
  } finally {
    await requireStandby("");
  }
  const answer = await eventually(
    () => runIdempotentWrite("once").catch(() => undefined),
    (value) => value !== undefined,
  );
  assert.equal(answer?.status, 201);
});

test("if the commit of a change times out, the response is a 503 that says so, and the retry creates no second row", async () => {
  const haven = await startHaven({ env: { ...sameSecret, ...limits, DATABASE_URL: asAppRole(url) } });
  const person = await register(haven.url);
  const create = () =>
    postJson(
      `${haven.url}/api/v1/properties`,
      { name: "Oak Hall", kind: "house", address: { line1: "1 Oak", city: "Ely", postalCode: "1", country: "US" } },
      { ...bearer(person), "idempotency-key": "oak-hall" },
    );
  await requireStandby("missing");
  try {
    const answer = await create();
    assert.equal(answer.status, 503);
    assert.match(answer.text, /"code":"unavailable"/);
    assert.match(answer.text, /may have taken effect/);
    assert.equal((await createProperty(haven, person)).status, 503);
  } finally {
    await requireStandby("");
  }
  await eventually(
    () => readyStatus(haven),
    (status) => status === "ready",
  );
  const retried = await eventually(create, ({ status }) => status !== 409 && status !== 503);
  assert.equal(retried.status, 201);
  const rows = await query(url, "SELECT FROM properties WHERE name = 'Oak Hall'");
  assert.equal(rows.length, 1);
});

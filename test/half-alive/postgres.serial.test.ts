import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chownSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, test } from "node:test";
import { migrate } from "../../src/db/migrate/migrate.ts";
import { atEnd } from "../shared/at-end.ts";
import { eventually } from "../shared/eventually.ts";
import { bearer, me, refresh, register, type SignedIn, sameSecret } from "../shared/requests/people.ts";
import { appRole, asAppRole, prepareTemplate, query } from "../shared/servers/stores/database.ts";
import { type PostgresServer, postgresUser, startPostgresServer } from "../shared/servers/stores/postgres-servers.ts";
import { type Haven, startHaven } from "../support/haven.ts";
import { startMovingAddress } from "./support/moving-address.ts";
import {
  assertCannotWrite,
  assertRefusedBeforeBody,
  assertWritesAgain,
  codeOf,
  createProperty,
  detectionTimeMs,
  falseReadyTime,
  intervalMs,
  limits,
  listProperties,
  medianMs,
  reportOf,
  statementLimitMs,
  statesDuring,
} from "./support/observe.ts";

// Postgres responds, but cannot do a part of its work. The tests cover responses to users, probes and the recovery.

const settings = ["synchronous_commit = on"];
let server: PostgresServer;
let databaseUrl: string;
before(async () => {
  server = await startPostgresServer({ settings });
  await prepareTemplate(server.url);
  databaseUrl = server.url.replace(/\/postgres$/, "/haven_template");
});

const admin = (sql: string) => query(server.url, sql);
const alterSystem = async (setting: string) => {
  await admin(`ALTER SYSTEM ${setting}`);
  await admin("SELECT pg_reload_conf()");
};

/** The number of running instances. An instance runs until the end of this file. */
let started = 0;

async function startSignedIn(env: Record<string, string> = {}): Promise<{ haven: Haven; person: SignedIn }> {
  const haven = await startHaven({ env: { ...sameSecret, ...limits, DATABASE_URL: asAppRole(databaseUrl), ...env } });
  started += 1;
  return { haven, person: await register(haven.url) };
}

test("with a read-only Postgres, reads are served, writes are rejected at once, and the probes report it in time", async () => {
  const { haven, person } = await startSignedIn();
  const write = () => createProperty(haven, person);
  await alterSystem("SET default_transaction_read_only = on");
  try {
    const { failed, falseReadyMs } = await falseReadyTime(haven, write);
    assert.equal(codeOf(failed), "read_only");
    assert.ok(falseReadyMs < detectionTimeMs, `the probes reported ready for ${falseReadyMs} ms`);
    await assertCannotWrite(haven, "postgres", "read_only");

    assert.equal((await listProperties(haven, person)).status, 200);
    assert.equal((await me(haven.url, person)).status, 200);
    assert.equal((await refresh(haven.url, person.refreshToken)).status, 200);
    const refusedMs = await medianMs(() => assertRefusedBeforeBody(haven, "/api/v1/properties", bearer(person)));
    assert.ok(refusedMs < 50, `refused after ${refusedMs} ms`);
    const logLine = haven.logs.find(({ msg }) => msg === "postgres:write went from up to down (read_only)");
    assert.partialDeepStrictEqual(logLine, { level: "warn", change: { reason: "read_only", code: "25006" } });
  } finally {
    await alterSystem("RESET default_transaction_read_only");
  }
  await assertWritesAgain(haven, "postgres", write);
});

test("with postgres:write in READY_REQUIRES a read-only Postgres takes the instance out of rotation", async () => {
  const { haven } = await startSignedIn({ READY_REQUIRES: "postgres:write" });
  await alterSystem("SET default_transaction_read_only = on");
  try {
    await eventually(
      async () => (await reportOf(haven)).status,
      (status) => status === "unhealthy",
    );
    assert.equal((await reportOf(haven)).checks["postgres"]?.status, "impaired");
  } finally {
    await alterSystem("RESET default_transaction_read_only");
  }
});

test("a commit that waits for a missing standby ends at the statement limit, and the checks of an instance leave at most two waiting backends", async () => {
  const { haven, person } = await startSignedIn();
  // The URL gives the connections of this instance a name. The instance gets no requests, because their commits would wait too.
  const other = await startSignedIn({ DATABASE_URL: `${asAppRole(databaseUrl)}?application_name=named` });
  const write = () => createProperty(haven, person);
  await alterSystem("SET synchronous_standby_names = 'missing'");
  try {
    const { failed, falseReadyMs } = await falseReadyTime(haven, write);
    assert.ok(failed.ms < statementLimitMs + 300, `a request waited for ${failed.ms} ms`);
    assert.ok(falseReadyMs < detectionTimeMs, `the probes reported ready for ${falseReadyMs} ms`);
    await assertCannotWrite(haven, "postgres", "commit_stalled");
    assert.equal((await listProperties(haven, person)).status, 200);

    const count = async (condition: string) => {
      const sql = `SELECT count(*)::int AS n FROM pg_stat_activity WHERE ${condition}`;
      return (await query<{ n: number }>(server.url, sql))[0]?.n ?? 99;
    };
    await new Promise((resolve) => setTimeout(resolve, 8 * intervalMs));
    const perInstance = (await count("application_name = 'haven-health-write'")) / (started - 1);
    assert.ok(perInstance <= 2, `${perInstance} backends for each instance`);
    const namedBackends = await count("application_name = 'named' AND wait_event = 'SyncRep'");
    assert.ok(namedBackends <= 2, `${namedBackends} backends of the instance with a name in its URL`);
  } finally {
    await alterSystem("RESET synchronous_standby_names");
    await other.haven.stop();
    started -= 1;
  }
  await assertWritesAgain(haven, "postgres", write);
});

const skip = process.platform === "linux" && process.getuid?.() === 0 ? false : "a file system needs Linux and root";

test("a full disk is reported, reads are served, and writes work again when the disk has free space", {
  skip,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), "haven-small-disk-"));
  assert.equal(spawnSync("mount", ["-t", "tmpfs", "-o", "size=40m,mode=0777", "tmpfs", folder]).status, 0);
  atEnd(() => {
    spawnSync("umount", ["-l", folder]);
    rmSync(folder, { recursive: true, force: true });
  });
  const small = await startPostgresServer({ settings });
  const user = postgresUser();
  if (user !== undefined) chownSync(folder, user.uid, user.gid);
  await query(small.url, `CREATE ROLE ${appRole.name} LOGIN PASSWORD '${appRole.password}'`);
  await query(small.url, `CREATE TABLESPACE small LOCATION '${folder}'`);
  await query(small.url, "CREATE DATABASE small TABLESPACE small");
  const url = small.url.replace(/\/postgres$/, "/small");
  await migrate({ url, timeoutMs: 30_000, connectTimeoutMs: 5000, grantTo: appRole.name });
  const { haven, person } = await startSignedIn({ DATABASE_URL: asAppRole(url) });
  const write = () => createProperty(haven, person);
  await query(url, "CREATE TABLE filler (text text)");
  const fill = () =>
    query(url, "INSERT INTO filler SELECT repeat(md5(random()::text), 20) FROM generate_series(1, 200)").then(
      () => "more",
      () => "full",
    );
  await eventually(fill, (state) => state === "full", 60_000, 1);

  const { failed, falseReadyMs } = await falseReadyTime(haven, write);
  assert.equal(codeOf(failed), "read_only");
  assert.ok(falseReadyMs < detectionTimeMs, `the probes reported ready for ${falseReadyMs} ms`);
  await assertCannotWrite(haven, "postgres", "disk_full");
  assert.equal((await listProperties(haven, person)).status, 200);

  await query(url, "DROP TABLE filler");
  await assertWritesAgain(haven, "postgres", write);
  await haven.stop();
});

test("revoked privileges are reported as forbidden, and reads are served", async () => {
  const { haven, person } = await startSignedIn();
  const write = () => createProperty(haven, person);
  await query(databaseUrl, `REVOKE INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public FROM ${appRole.name}`);
  try {
    const { failed, falseReadyMs } = await falseReadyTime(haven, write);
    assert.equal(failed.status, 503);
    assert.ok(falseReadyMs < detectionTimeMs, `the probes reported ready for ${falseReadyMs} ms`);
    await assertCannotWrite(haven, "postgres", "forbidden");
    assert.equal((await listProperties(haven, person)).status, 200);
  } finally {
    await query(databaseUrl, `GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ${appRole.name}`);
  }
  await assertWritesAgain(haven, "postgres", write);
});

test("during a restart of Postgres its check is down, never impaired", async () => {
  const { haven, person } = await startSignedIn();
  const states = await statesDuring(haven, "postgres", async () => {
    await server.stop();
    await eventually(
      async () => (await reportOf(haven)).checks["postgres"]?.status,
      (status) => status === "down",
    );
    await server.start();
    await assertWritesAgain(haven, "postgres", () => createProperty(haven, person));
  });
  assert.deepEqual(
    states.filter((state) => state === "impaired"),
    [],
  );
});

test("after a failover behind one address no connection to the old primary is used again", async () => {
  const standby = await startPostgresServer({ settings, standbyOf: server });
  const address = await startMovingAddress(server.port);
  const url = new URL(asAppRole(databaseUrl));
  url.port = String(address.port);
  const { haven, person } = await startSignedIn({ DATABASE_URL: url.href });
  const write = () => createProperty(haven, person);
  // These writes open every connection of the pool.
  await Promise.all(Array.from({ length: 15 }, write));

  const replayed = async () =>
    (
      await query<{ n: number }>(
        standby.url.replace(/\/postgres$/, "/haven_template"),
        "SELECT count(*)::int AS n FROM properties",
      )
    )[0]?.n;
  const written = (await query<{ n: number }>(databaseUrl, "SELECT count(*)::int AS n FROM properties"))[0]?.n;
  await eventually(replayed, (n) => n === written);
  await alterSystem("SET default_transaction_read_only = on");
  await assertCannotWrite(haven, "postgres", "read_only");
  assert.equal((await listProperties(haven, person)).status, 200);
  await query(standby.url, "SELECT pg_promote()");
  address.moveTo(standby.port);
  await assertWritesAgain(haven, "postgres", write);
  await haven.stop();
  await alterSystem("RESET default_transaction_read_only");
});

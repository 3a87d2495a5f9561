import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { before, test } from "node:test";
import { Redis } from "ioredis";
import { otherTables, ownedTables } from "../../../src/auth/leaving/user-data.ts";
import { eventually } from "../../shared/eventually.ts";
import { type Answer, ask, postJson } from "../../shared/requests/http.ts";
import { bearer, login, me, register, type SignedIn } from "../../shared/requests/people.ts";
import { startMailServer } from "../../shared/servers/mail-server.ts";
import { query } from "../../shared/servers/stores/database.ts";
import { freshRedis } from "../../shared/servers/stores/redis.ts";
import { addPhoto, owner, photoIn } from "../../support/fixtures/owners.ts";
import type { Haven } from "../../support/haven.ts";
import { blackPng } from "../../support/kubernetes/images.ts";
import { startPair } from "../../support/two-instances.ts";

const mail = await startMailServer();
const redisUrl = await freshRedis();
let one: Haven;
let two: Haven;
before(async () => {
  [one, two] = await startPair({
    REDIS_URL: redisUrl,
    // Any limit but 0, because with 0 the server does not store the networks of an address.
    AUTH_RATE_LIMIT: "1000",
    MAIL_URL: mail.url,
    MAIL_FROM: "no-reply@example.com",
    PUBLIC_URL: "https://app.example.com",
  });
});

const database = () => one.running.parts.addresses.databaseUrl;

const remove = (url: string, person: SignedIn, body: object): Promise<Answer> =>
  ask(`${url}/api/v1/auth/me`, {
    method: "DELETE",
    headers: { ...bearer(person), "content-type": "application/json" },
    body: JSON.stringify(body),
  });

const exportOf = (person: SignedIn): Promise<Answer> =>
  ask(`${two.url}/api/v1/auth/me/export`, { headers: bearer(person) });

/** Registers a user and creates a row of each kind for this user. */
async function registerOwnerWithData() {
  const person = await owner(one.url);
  const post = async (path: string, body: object, headers = {}) => {
    const created = await postJson(`${one.url}/api/v1${path}`, body, { ...bearer(person), ...headers });
    assert.equal(created.status, 201, created.text);
    return created.json() as { id: string };
  };
  const unit = await post(`/properties/${person.propertyId}/units`, {
    label: "1A",
    bedrooms: 1,
    bathrooms: 1,
    rentCents: 100_000,
    currency: "EUR",
  });
  await post(`/units/${unit.id}/leases`, {
    tenantName: "Tina Tenant",
    tenantEmail: "tina@example.org",
    startsOn: "2026-01-01",
    endsOn: "2026-12-31",
    rentCents: 100_000,
  });
  const request = { title: "Drip", description: "The tap drips.", priority: "low" };
  await post(`/units/${unit.id}/maintenance-requests`, request, { "idempotency-key": `leaving-${unit.id}` });
  const key = await post("/auth/api-keys", { name: "robot", scopes: ["read"] });
  const photo = photoIn(await addPhoto(one.url, person, await blackPng(64, 64)));
  return { person, key, photo };
}

/** Returns the tables in which a row contains the text. */
async function tablesWith(text: string): Promise<string[]> {
  const tables = await query<{ name: string }>(
    database(),
    "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname IN ('public', 'haven_jobs')",
  );
  const matching: string[] = [];
  for (const { name } of tables) {
    const rows = await query(database(), `SELECT FROM ${name} AS t WHERE strpos(to_jsonb(t)::text, $1) > 0`, [text]);
    if (rows.length > 0) matching.push(name);
  }
  return matching;
}

test("an export contains all stored data of the user, without secrets and without data of other users", async () => {
  const { person, photo } = await registerOwnerWithData();
  const other = await registerOwnerWithData();
  const answer = await exportOf(person);
  assert.equal(answer.status, 200);
  const data = answer.json() as Record<string, { id?: string }[]>;
  for (const name of ["user", "sessions", "securityEvents", "properties", "units", "leases", "maintenanceRequests"])
    assert.ok((data[name]?.length ?? 0) > 0, name);
  for (const name of ["maintenanceEvents", "photos", "idempotencyKeys", "apiKeys", "mails"])
    assert.ok((data[name]?.length ?? 0) > 0, name);
  assert.deepEqual(
    data["photos"]?.map(({ id }) => id),
    [photo.id],
  );
  const sessions = await ask(`${one.url}/api/v1/auth/sessions`, { headers: bearer(person) });
  assert.partialDeepStrictEqual((sessions.json() as { items: object[] }).items, data["sessions"]);
  assert.ok(answer.text.includes("tina@example.org"));
  assert.ok(!/argon2|password_hash|token_hash|"hash"/.test(answer.text));
  assert.ok(!answer.text.includes(other.person.userId));
  assert.equal((await ask(`${one.url}/api/v1/auth/me/export`)).status, 401);
});

test("the lists of tables for exports and deletions contain every table that refers to a user", async () => {
  const referring = await query<{ table: string }>(
    database(),
    `SELECT DISTINCT table_name AS table FROM information_schema.columns
     WHERE table_schema = 'public' AND column_name IN ('user_id', 'owner_id', 'actor_id', 'target_id', 'invited_by')
     ORDER BY 1`,
  );
  const listed = new Set([...otherTables, ...ownedTables].map(({ table }) => table));
  assert.deepEqual(
    referring.map(({ table }) => table).filter((table) => !listed.has(table)),
    [],
  );
});

test("deleting an account removes its rows, photos, sessions and API keys, and every instance refuses its sessions", async () => {
  const { person, photo, key } = await registerOwnerWithData();
  const phone = await login(two.url, person);
  const otherOwner = await registerOwnerWithData();
  for (const { url } of [one, two]) await me(url, phone);
  assert.equal((await remove(one.url, person, {})).status, 400);
  assert.equal((await remove(one.url, person, { currentPassword: "wrong" })).status, 403);
  assert.equal((await me(two.url, person)).status, 200);

  const deletion = await remove(one.url, person, { currentPassword: person.password });
  assert.equal(deletion.status, 204, deletion.text);
  assert.match(deletion.headers["set-cookie"]?.[0] ?? "", /Max-Age=0/);
  for (const { url } of [one, two]) {
    for (const session of [person, phone]) {
      assert.equal((await me(url, session)).status, 401);
      assert.equal((await ask(`${url}/api/v1/properties`, { headers: { cookie: session.cookie } })).status, 401);
    }
    assert.equal((await ask(`${url}${photo.urls.page}`)).status, 404);
    assert.equal((await postJson(`${url}/api/v1/auth/login`, person)).status >= 400, true);
  }
  // Revocations stay in the database until the revoked sessions would have expired.
  assert.deepEqual(await tablesWith(person.userId), ["public.session_revocations"]);
  assert.deepEqual(await tablesWith(person.email), []);
  assert.deepEqual(await tablesWith(key.id), []);
  assert.equal((await query(database(), "SELECT FROM stored_files")).length > 0, true, "photos of others stay");
  assert.equal((await me(one.url, otherOwner.person)).status, 200);
  await register(one.url, { email: person.email, password: "correct horse battery", name: "Again" });
});

test("deleting an account removes the mails, invitations, registrations and known networks of its address", async () => {
  const person = await register(one.url);
  const { email } = person;
  await mail.mailTo(email);
  const forgot = await postJson(`${one.url}/api/v1/auth/forgot-password`, { email });
  assert.equal(forgot.status, 202, forgot.text);
  await mail.mailTo(email, 2);
  // Inserts a mail that waits for its delivery, and a mail whose delivery has failed.
  for (const name of ["mail", "mail-failed"])
    await query(
      database(),
      `INSERT INTO haven_jobs.job (name, data, start_after) VALUES ($1, $2, now() + interval '1 hour')`,
      [name, JSON.stringify({ kind: "reset-password", language: "en", email })],
    );
  await query(
    database(),
    `INSERT INTO invitations (id, email, expires_at, accepted_by) VALUES (gen_random_uuid(), $1, now(), NULL),
       (gen_random_uuid(), 'earlier-address@example.org', now(), $2)`,
    [email, person.userId],
  );
  const redis = new Redis(redisUrl);
  const networks = `haven:networks:{${createHash("sha256").update(email).digest("base64url").slice(0, 22)}}`;
  try {
    assert.equal(await redis.exists(networks), 1);
    assert.equal((await remove(two.url, person, { currentPassword: person.password })).status, 204);
    assert.deepEqual(await tablesWith(email), []);
    assert.deepEqual(await tablesWith("earlier-address"), []);
    await eventually(
      () => redis.exists(networks),
      (count) => count === 0,
    );
  } finally {
    redis.disconnect();
  }
});

test("an export during the deletion of the account ends early or completes, and logs no error", async () => {
  const person = await owner(one.url);
  await query(
    database(),
    `INSERT INTO properties (id, owner_id, name, kind, address)
     SELECT gen_random_uuid(), $1, repeat('Many', 40), 'house', '{}' FROM generate_series(1, 5000)`,
    [person.userId],
  );
  const reading = exportOf(person);
  const deletion = await remove(one.url, person, { currentPassword: person.password });
  assert.equal(deletion.status, 204, deletion.text);
  const exported = await reading.catch(() => undefined);
  if (exported?.status === 200) assert.doesNotThrow(() => exported.json());
  else assert.ok(exported === undefined || exported.status === 401, exported?.text ?? "");
  assert.deepEqual(await tablesWith(person.userId), ["public.session_revocations"]);
  assert.deepEqual(
    [...one.logs, ...two.logs].filter(({ level }) => level === "error"),
    [],
  );
});

test("a user with more rows than one batch can be deleted, but the last administrator gets 409", async () => {
  const person = await owner(one.url);
  await query(
    database(),
    `INSERT INTO properties (id, owner_id, name, kind, address)
     SELECT gen_random_uuid(), $1, 'Many', 'house', '{}' FROM generate_series(1, 4500)`,
    [person.userId],
  );
  await query(database(), "UPDATE users SET role = 'admin' WHERE id = $1", [person.userId]);
  const send = () => remove(two.url, person, { currentPassword: person.password });
  const refused = await send();
  assert.equal(refused.status, 409, refused.text);
  const exported = (await exportOf(person)).json() as { properties: object[] };
  assert.equal(exported.properties.length, 4501);
  await query(database(), "UPDATE users SET role = 'admin' WHERE id <> $1", [person.userId]);
  assert.equal((await send()).status, 204);
  assert.deepEqual(await tablesWith(person.userId), ["public.session_revocations"]);
});

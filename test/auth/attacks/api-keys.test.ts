import assert from "node:assert/strict";
import { before, test } from "node:test";
import type { Document } from "../../../src/openapi/document/openapi-types.ts";
import { ask, postJson } from "../../shared/requests/http.ts";
import { bearer, me, register, type SignedIn } from "../../shared/requests/people.ts";
import { query } from "../../shared/servers/stores/database.ts";
import type { Haven } from "../../support/haven.ts";
import { startPair } from "../../support/two-instances.ts";

// Attacks on API keys: guessing or stealing a key, extending its rights, and using it after its owner is deactivated.

let one: Haven;
let two: Haven;
before(async () => {
  [one, two] = await startPair({ LOG_LEVEL: "trace" });
});

type Key = { id: string; key: string };

async function createKey(person: SignedIn, scopes: string[] = ["read", "write"]): Promise<Key> {
  const created = await postJson(`${one.url}/api/v1/auth/api-keys`, { name: "robot", scopes }, bearer(person));
  assert.equal(created.status, 201, created.text);
  return created.json() as Key;
}

const withKey = ({ key }: Pick<Key, "key">) => ({ authorization: `Bearer ${key}` });

const call = (url: string, method: string, path: string, headers: Record<string, string>, body?: unknown) =>
  ask(`${url}/api/v1${path}`, {
    method,
    headers: { ...headers, ...(body === undefined ? {} : { "content-type": "application/json" }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });

const aProperty = {
  name: "Keyed",
  kind: "house",
  address: { line1: "1 Main St", city: "Bath", postalCode: "BA1", country: "GB" },
};

test("a key cannot manage accounts, passwords, sessions, keys or administration, whatever its scopes and owner", async () => {
  const person = await register(one.url);
  await query(one.running.parts.addresses.databaseUrl, "UPDATE users SET role = 'admin' WHERE id = $1", [
    person.userId,
  ]);
  const key = await createKey(person);
  for (const [method, path, body] of [
    ["POST", "/auth/password", { currentPassword: person.password, newPassword: "a new long password" }],
    ["POST", "/auth/logout"],
    ["GET", "/auth/sessions"],
    ["DELETE", "/auth/sessions"],
    ["DELETE", `/auth/sessions/${person.sessionId}`],
    ["GET", "/auth/events"],
    ["POST", "/auth/api-keys", { name: "child", scopes: ["read"] }],
    ["GET", "/auth/api-keys"],
    ["DELETE", `/auth/api-keys/${key.id}`],
    ["GET", "/auth/me/export"],
    ["DELETE", "/auth/me", { currentPassword: person.password }],
    ["GET", "/admin/users"],
    ["PATCH", `/admin/users/${person.userId}`, { role: "admin" }],
    ["DELETE", `/admin/users/${person.userId}/sessions`],
    ["GET", "/admin/audit-events"],
    ["GET", "/admin/audit-events/export"],
  ] as [string, string, unknown?][]) {
    const answer = await call(one.url, method, path, withKey(key), body);
    assert.equal(answer.status, 403, `${method} ${path}: ${answer.status} ${answer.text}`);
  }
  assert.equal((await me(two.url, person)).status, 200, "no request has changed the account");
});

test("of the documented operations on accounts and users, only the one that returns the current user accepts keys", async () => {
  const document = (await ask(`${one.url}/api/openapi.json`)).json() as Document;
  const acceptsKeys = Object.entries(document.paths)
    .filter(([path]) => /^\/api\/v1\/(auth|admin)\//.test(path))
    .flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { "x-access": access }]) => ({ method, path, access })),
    )
    .filter(({ access }) => access === "member");
  assert.deepEqual(acceptsKeys, [{ method: "get", path: "/api/v1/auth/me", access: "member" }]);
});

test("a key with the scope read cannot write, and a key with the scope write cannot read", async () => {
  const person = await register(one.url);
  const [read, write] = [await createKey(person, ["read"]), await createKey(person, ["write"])];
  assert.equal((await call(one.url, "GET", "/properties", withKey(read))).status, 200);
  assert.equal((await call(one.url, "GET", "/properties", withKey(write))).status, 403);
  assert.equal((await call(one.url, "POST", "/properties", withKey(read), aProperty)).status, 403);
  const created = await call(one.url, "POST", "/properties", withKey(write), aProperty);
  assert.equal(created.status, 201, created.text);
  const path = `/properties/${(created.json() as { id: string }).id}`;
  for (const [method, body] of [["PATCH", { name: "x" }], ["DELETE"]] as [string, unknown?][])
    assert.equal((await call(two.url, method, path, withKey(read), body)).status, 403, method);
  assert.equal((await call(one.url, "HEAD", "/properties", withKey(write))).status, 403);
});

test("a key reaches the properties of its owner only", async () => {
  const [person, stranger] = [await register(one.url), await register(one.url)];
  const created = await call(one.url, "POST", "/properties", bearer(stranger), aProperty);
  const path = `/properties/${(created.json() as { id: string }).id}`;
  const key = await createKey(person);
  assert.equal((await call(one.url, "GET", path, withKey(key))).status, 404);
  assert.equal((await call(one.url, "DELETE", path, withKey(key))).status, 404);
});

test("a user cannot revoke the key of another user", async () => {
  const [person, stranger] = [await register(one.url), await register(one.url)];
  const key = await createKey(person);
  assert.equal((await call(one.url, "DELETE", `/auth/api-keys/${key.id}`, bearer(stranger))).status, 404);
  assert.equal((await call(one.url, "GET", "/properties", withKey(key))).status, 200);
});

test("a changed key, or a key in a place other than the bearer header, is refused", async () => {
  const person = await register(one.url);
  const { key, id: keyId } = await createKey(person);
  const changed = key.slice(0, -1) + (key.endsWith("A") ? "B" : "A");
  for (const text of [
    changed,
    key.slice(0, -1),
    `${key}A`,
    key.toUpperCase(),
    "hvn_",
    `hvn_${keyId}`,
    keyId,
    `${key}.${key}`,
    `hvn_${"A".repeat(6000)}`,
  ]) {
    const answer = await call(one.url, "GET", "/properties", { authorization: `Bearer ${text}` });
    assert.equal(answer.status, 401, text.slice(0, 60));
  }
  assert.equal((await call(one.url, "GET", "/properties", { authorization: `Basic ${key}` })).status, 401);
  assert.equal((await call(one.url, "GET", "/properties", { cookie: `haven_session=${key}` })).status, 401);
  assert.equal((await call(one.url, "GET", "/properties", { "x-api-key": key })).status, 401);
  const inQuery = await call(one.url, "GET", `/properties?access_token=${key}`, {});
  assert.ok(inQuery.status === 400 || inQuery.status === 401);
  assert.equal((await postJson(`${one.url}/api/v1/auth/refresh`, { refreshToken: key })).status, 401);
});

test("a revoked key is refused on every instance as soon as the answer arrives, also while requests are in flight", async () => {
  const person = await register(one.url);
  const key = await createKey(person);
  for (const { url } of [one, two]) assert.equal((await call(url, "GET", "/properties", withKey(key))).status, 200);
  const inFlight = Array.from({ length: 20 }, () => call(two.url, "GET", "/properties", withKey(key)));
  assert.equal((await call(one.url, "DELETE", `/auth/api-keys/${key.id}`, bearer(person))).status, 204);
  const after = await Promise.all([one, two].map(({ url }) => call(url, "GET", "/properties", withKey(key))));
  assert.deepEqual(
    after.map(({ status }) => status),
    [401, 401],
  );
  await Promise.all(inFlight);
  for (const { url } of [one, two]) assert.equal((await call(url, "GET", "/properties", withKey(key))).status, 401);
});

test("the keys of a deactivated user are refused on every instance, also after the user is active again", async () => {
  const person = await register(one.url);
  const database = one.running.parts.addresses.databaseUrl;
  const key = await createKey(person);
  for (const { url } of [one, two]) assert.equal((await call(url, "GET", "/properties", withKey(key))).status, 200);
  for (const active of [false, true]) {
    await query(database, "UPDATE users SET active = $2 WHERE id = $1", [person.userId, active]);
    for (const { url } of [one, two]) assert.equal((await call(url, "GET", "/properties", withKey(key))).status, 401);
  }
});

test("an expiry in the past, an expiry beyond the limit, and unknown scopes are refused", async () => {
  const person = await register(one.url);
  for (const body of [
    { name: "x", scopes: ["admin"] },
    { name: "x", scopes: [] },
    { name: "x", scopes: ["read", "read", "read"] },
    { name: "x", scopes: "read" },
    { name: "x" },
    { name: "x", scopes: ["read"], expiresInDays: 0 },
    { name: "x", scopes: ["read"], expiresInDays: 367 },
    { name: "x", scopes: ["read"], expiresInDays: "1" },
    { name: "x", scopes: ["read"], expiresAt: "9999-01-01T00:00:00Z" },
    { name: "x", scopes: ["read"], userId: person.userId },
    { name: "x", scopes: ["read"], key: "hvn_chosen" },
  ]) {
    const answer = await call(one.url, "POST", "/auth/api-keys", bearer(person), body);
    assert.equal(answer.status, 400, JSON.stringify(body));
  }
});

test("a key appears in no log, table, event, list, problem or metric", async () => {
  const person = await register(one.url);
  const { key, id: keyId } = await createKey(person);
  const secret = key.slice(-24);
  await call(one.url, "GET", "/properties", withKey({ key }));
  await call(one.url, "GET", "/properties?unknown=1", withKey({ key }));
  await call(one.url, "GET", `/auth/sessions`, withKey({ key }));
  const texts = [
    JSON.stringify([...one.logs, ...two.logs]),
    (await call(one.url, "GET", "/auth/api-keys", bearer(person))).text,
    (await call(one.url, "GET", "/auth/events", bearer(person))).text,
    (await call(one.url, "GET", "/auth/me/export", bearer(person))).text,
    (await ask(`${one.url}/metrics`)).text,
  ];
  assert.match(texts[1] ?? "", new RegExp(keyId), "the list names the key by its id");
  const database = one.running.parts.addresses.databaseUrl;
  const tables = await query<{ name: string }>(
    database,
    "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')",
  );
  for (const { name } of tables)
    texts.push(JSON.stringify(await query(database, `SELECT to_jsonb(t)::text AS row FROM ${name} AS t`)));
  texts.forEach((text, index) => {
    assert.ok(!text.includes(secret), `the secret of a key is in text ${index}`);
  });
});

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { bearer, login, me, newPerson, register, type SignedIn } from "../../../shared/requests/people.ts";
import { openStream } from "../../../shared/requests/stream.ts";
import { aProperty } from "../../../support/fixtures/property-fixtures.ts";
import { startAttackedPair } from "../../support/attacked-pair.ts";

// Attempts to gain a role, a scope or another user's data. They were written from the documentation, without the code.

const { one, two, post, send, registerAdmin, requestResetToken } = await startAttackedPair();

type Key = { id: string; key: string };
async function keyOf(person: SignedIn, scopes = ["read", "write"]): Promise<Key> {
  const answer = await post("/auth/api-keys", { name: "robot", scopes }, bearer(person));
  assert.equal(answer.status, 201, answer.text);
  return answer.json() as Key;
}
const withKey = ({ key }: Key) => ({ authorization: `Bearer ${key}` });

describe("a field that is not documented", () => {
  const fields = ['"role":"admin"', '"isAdmin":true', '"id":"0190a0a0-0000-7000-8000-000000000001"', '"active":true'];
  const names = ['"emailVerified":true', '"pendingEmail":"x@example.org"', '"passwordHash":"x"', '"userId":"x"'];
  const prototypes = ['"__proto__":{"role":"admin"}', '"constructor":{"prototype":{"role":"admin"}}', '"prototype":{}'];

  test("is refused by every operation on the own account, and changes no role", async () => {
    const person = await register(one.url);
    for (const extra of [...fields, ...names, ...prototypes]) {
      const fresh = newPerson();
      const answers = [
        await post("/auth/register", `${JSON.stringify(fresh).slice(0, -1)},${extra}}`),
        await send("PATCH", "/auth/me", `{"name":"Pat",${extra}}`, bearer(person)),
        await post("/auth/login", `{"email":"${person.email}","password":"${person.password}",${extra}}`),
        await post("/auth/api-keys", `{"name":"k","scopes":["read"],${extra}}`, bearer(person)),
        await post("/auth/forgot-password", `{"email":"${person.email}",${extra}}`),
      ];
      for (const answer of answers) assert.equal(answer.status, 400, `${extra}: ${answer.text}`);
    }
    const mine = (await me(one.url, person)).json() as Record<string, unknown>;
    assert.deepEqual([mine["role"], mine["emailVerified"], mine["pendingEmail"]], ["member", false, null]);
    assert.equal(({} as Record<string, unknown>)["role"], undefined);
  });

  test("is refused in its repeated and nested forms", async () => {
    const person = await register(one.url);
    for (const body of [
      `{"email":["${person.email}","evil@example.net"]}`,
      `{"email":{"$ne":null}}`,
      `{"email":"${person.email}","email":{"address":"evil@example.net"}}`,
      `["${person.email}"]`,
      `null`,
      `"${person.email}"`,
    ])
      assert.equal((await post("/auth/forgot-password", body)).status, 400, body);
    for (const query of [
      "?role[]=admin",
      "?role=admin&role=member",
      "?limit=1e9",
      "?limit=-1",
      "?__proto__[role]=admin",
      "?cursor=eyJpZCI6MX0",
    ])
      assert.ok(
        [400, 403].includes((await send("GET", `/admin/users${query}`, undefined, bearer(person))).status),
        query,
      );
  });
});

describe("an API key", () => {
  test("cannot use an operation on accounts, whatever the method, header or path", async () => {
    const admin = await registerAdmin();
    const key = await keyOf(admin);
    const override = { "x-http-method-override": "GET", "x-original-url": "/api/v1/auth/me" };
    for (const [method, path, body] of [
      ["GET", "/auth/sessions"],
      ["HEAD", "/auth/sessions"],
      ["GET", "/auth/api-keys"],
      ["GET", "/auth//api-keys"],
      ["GET", "/auth/api-keys/"],
      ["GET", "/AUTH/API-KEYS"],
      ["GET", "/auth/%61pi-keys"],
      ["GET", "/properties/../auth/api-keys"],
      ["POST", "/auth/api-keys", { name: "child", scopes: ["read", "write"] }],
      ["DELETE", `/auth/api-keys/${key.id}`],
      ["POST", "/auth/password", { currentPassword: admin.password, newPassword: "a password by a key" }],
      ["PATCH", "/auth/me", { email: newPerson().email }],
      ["PUT", "/auth/me/avatar", "x"],
      ["GET", "/auth/me/export"],
      ["GET", "/auth/events"],
      ["POST", "/auth/logout"],
      ["POST", "/auth/verify-email/resend"],
      ["GET", "/admin/users"],
      ["GET", "/admin/audit-events/export"],
      ["POST", "/admin/invitations", { email: newPerson().email, role: "admin" }],
      ["PATCH", `/admin/users/${admin.userId}`, { role: "admin" }],
    ] as const) {
      const answer = await send(method, path, body, { ...withKey(key), ...override });
      assert.ok([400, 403, 404, 405].includes(answer.status), `${method} ${path}: ${answer.status} ${answer.text}`);
    }
  });

  test("with one scope cannot use the other scope", async () => {
    const person = await register(one.url);
    const [reader, writer] = [await keyOf(person, ["read"]), await keyOf(person, ["write"])];
    const override = { "x-http-method-override": "POST", "x-http-method": "POST" };
    for (const method of ["POST", "PUT", "PATCH", "DELETE"])
      assert.ok(
        [403, 404, 405].includes((await send(method, "/properties", aProperty, withKey(reader))).status),
        method,
      );
    await send("GET", "/properties?_method=POST", undefined, { ...withKey(reader), ...override });
    assert.equal((await send("GET", "/properties", undefined, withKey(writer))).status, 403);
    assert.equal((await send("GET", "/stream", undefined, withKey(writer))).status, 403);
    const list = (await send("GET", "/properties", undefined, bearer(person))).json() as { items: unknown[] };
    assert.equal(list.items.length, 0);
    for (const scopes of [
      ["admin"],
      ["*"],
      [],
      ["read", "read"],
      ["READ"],
      "read",
      ["read", "write", "admin"],
      [["read"]],
    ])
      assert.equal(
        (await post("/auth/api-keys", { name: "k", scopes }, bearer(person))).status,
        400,
        JSON.stringify(scopes),
      );
  });

  test("does not reveal an idempotent write to another user with the same Idempotency-Key", async () => {
    const [ana, ben] = [await register(one.url), await register(one.url)];
    const headers = { "idempotency-key": "the-same-key-of-both" };
    const first = await post("/properties", aProperty, { ...withKey(await keyOf(ana)), ...headers });
    const second = await post("/properties", aProperty, { ...withKey(await keyOf(ben)), ...headers });
    assert.deepEqual([first.status, second.status], [201, 201]);
    assert.notEqual((first.json() as { id: string }).id, (second.json() as { id: string }).id);
  });

  test("does not work if it was created during the deactivation of its owner", async () => {
    const admin = await registerAdmin();
    for (let round = 0; round < 6; round += 1) {
      const person = await register(one.url);
      const [deactivation, ...creations] = await Promise.all([
        send("PATCH", `/admin/users/${person.userId}`, { active: false }, bearer(admin)),
        ...Array.from({ length: 6 }, () => post("/auth/api-keys", { name: "k", scopes: ["read"] }, bearer(person))),
      ]);
      assert.equal(deactivation?.status, 200);
      const keys = creations.filter(({ status }) => status === 201).map((answer) => answer.json() as Key);
      for (const key of keys) assert.equal((await me(two.url, { accessToken: key.key })).status, 401, "deactivated");
      await send("PATCH", `/admin/users/${person.userId}`, { active: true }, bearer(admin));
      for (const key of keys) assert.equal((await me(two.url, { accessToken: key.key })).status, 401, "active again");
    }
  });

  test("of an intruder who has registered the address first is revoked by the password reset of the owner, also if it was created at the same moment", async () => {
    for (let round = 0; round < 6; round += 1) {
      const intruder = await register(one.url);
      const early = await keyOf(intruder);
      const token = await requestResetToken(intruder.email);
      const [reset, ...creations] = await Promise.all([
        post("/auth/reset-password", { token, newPassword: "a password of the owner" }),
        ...Array.from({ length: 6 }, () => post("/auth/api-keys", { name: "k", scopes: ["read"] }, bearer(intruder))),
      ]);
      assert.equal(reset?.status, 204);
      const late = creations.filter(({ status }) => status === 201).map((answer) => answer.json() as Key);
      for (const { key } of [early, ...late]) assert.equal((await me(two.url, { accessToken: key })).status, 401);
    }
  });

  test("ends its open streams when it is revoked, as the deactivation or the logout of a user does", async () => {
    const admin = await registerAdmin();
    const [person, deactivatedUser, signedOutUser] = [
      await register(one.url),
      await register(one.url),
      await register(one.url),
    ];
    const key = await keyOf(person);
    const streams = [
      await openStream(one.url, { accessToken: key.key }),
      await openStream(two.url, deactivatedUser),
      await openStream(two.url, signedOutUser),
    ];
    assert.deepEqual(
      streams.map(({ status }) => status),
      [200, 200, 200],
    );
    await send("DELETE", `/auth/api-keys/${key.id}`, undefined, bearer(person));
    await send("PATCH", `/admin/users/${deactivatedUser.userId}`, { active: false }, bearer(admin));
    await post("/auth/logout", undefined, bearer(signedOutUser));
    const limit = new Promise<string>((resolve) => setTimeout(() => resolve("still open"), 20_000).unref());
    for (const [index, { closed }] of streams.entries())
      assert.notEqual(await Promise.race([closed, limit]), "still open", `stream ${index}`);
  });
});

test("cursors and ids of other users give no access to their data", async () => {
  const [victim, attacker] = [await register(one.url), await register(one.url)];
  for (let round = 0; round < 3; round += 1) await login(one.url, victim);
  const page = (await send("GET", "/auth/events?limit=1", undefined, bearer(victim))).json() as { nextCursor: string };
  const stolenPage = await send(
    "GET",
    `/auth/events?limit=100&cursor=${encodeURIComponent(page.nextCursor)}`,
    undefined,
    bearer(attacker),
  );
  const ownPage = (await send("GET", "/auth/events?limit=100", undefined, bearer(attacker))).json() as {
    items: { id: string }[];
  };
  const ownIds = new Set(ownPage.items.map(({ id }) => id));
  if (stolenPage.status === 200)
    for (const { id } of (stolenPage.json() as { items: { id: string }[] }).items) assert.ok(ownIds.has(id));
  else assert.equal(stolenPage.status, 400);
  const key = await keyOf(victim);
  assert.equal((await send("DELETE", `/auth/api-keys/${key.id}`, undefined, bearer(attacker))).status, 404);
  assert.equal((await me(one.url, { accessToken: key.key })).status, 200);
});

test("a search of administrators takes wildcards and quotes literally", async () => {
  const admin = await registerAdmin();
  for (const text of ["%", "_", "\\", "%25", "'; DROP TABLE users; --", "a".repeat(5000), "(.*)+$", "\u0000"]) {
    const answer = await send("GET", `/admin/users?q=${encodeURIComponent(text)}`, undefined, bearer(admin));
    assert.ok([200, 400].includes(answer.status), `${text.slice(0, 30)}: ${answer.status}`);
    if (answer.status === 200) assert.deepEqual((answer.json() as { items: unknown[] }).items, [], text);
  }
});

test("an export contains no hash and nothing of another user", async () => {
  const [person, other] = [await register(one.url), await register(one.url)];
  const key = await keyOf(person);
  await requestResetToken(person.email);
  const { text } = await send("GET", "/auth/me/export", undefined, bearer(person));
  assert.ok(!text.includes("$argon2") && !text.includes(key.key) && !text.includes(other.email), text);
  assert.doesNotMatch(text, /hash/i);
});

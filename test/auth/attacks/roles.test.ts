import assert from "node:assert/strict";
import { before, test } from "node:test";
import { ask, postJson } from "../../shared/requests/http.ts";
import { bearer, login, me, register, type SignedIn } from "../../shared/requests/people.ts";
import { query } from "../../shared/servers/stores/database.ts";
import type { Haven } from "../../support/haven.ts";
import { startPair } from "../../support/two-instances.ts";

// Attacks on roles: a caller who is not an administrator tries to become one, or to act as one.

let one: Haven;
let two: Haven;
before(async () => {
  [one, two] = await startPair();
});

const database = () => one.running.parts.addresses.databaseUrl;

const send = (url: string, method: string, path: string, headers: Record<string, string>, body?: unknown) =>
  ask(`${url}/api/v1${path}`, {
    method,
    headers: { ...headers, ...(body === undefined ? {} : { "content-type": "application/json" }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });

const unknownId = "0190a0a0-0000-7000-8000-000000000001";
const adminOperations = (id = unknownId): [string, string, unknown?][] => [
  ["GET", "/admin/users"],
  ["PATCH", `/admin/users/${id}`, { active: false }],
  ["DELETE", `/admin/users/${id}/sessions`],
  ["POST", "/admin/invitations", { email: "accomplice@example.org", role: "admin" }],
  ["GET", "/admin/audit-events"],
];

async function registerAdmin(): Promise<SignedIn> {
  const person = await register(one.url);
  await query(database(), "UPDATE users SET role = 'admin' WHERE id = $1", [person.userId]);
  return login(one.url, person);
}

test("members and anonymous callers cannot use administration, and the refusal contains nothing about users", async () => {
  const [member, victim] = [await register(one.url), await register(one.url)];
  for (const [method, path, body] of adminOperations(victim.userId)) {
    for (const [headers, expected] of [
      [bearer(member), 403],
      [{ cookie: member.cookie }, 403],
      [{}, 401],
    ] as const) {
      const answer = await send(one.url, method, path, headers, body);
      assert.equal(answer.status, expected, `${method} ${path} ${answer.text}`);
      assert.ok(!answer.text.includes(victim.email));
    }
    const unknown = await send(one.url, method, path.replace(victim.userId, unknownId), bearer(member), body);
    assert.equal(unknown.status, 403, "the refusal does not depend on whether the id exists");
  }
  assert.equal((await me(two.url, victim)).status, 200);
});

test("operations on accounts refuse a role, an id or another field that is not documented", async () => {
  const person = await register(one.url);
  const extras = [{ role: "admin" }, { active: true }, { id: unknownId }, { isAdmin: true }, { emailVerified: true }];
  for (const extra of extras) {
    const registration = await postJson(`${one.url}/api/v1/auth/register`, {
      email: "mass@example.org",
      password: "correct horse battery",
      name: "Mass",
      ...extra,
    });
    assert.equal(registration.status, 400, JSON.stringify(extra));
    const key = await send(one.url, "POST", "/auth/api-keys", bearer(person), {
      name: "ci",
      scopes: ["read"],
      ...extra,
    });
    assert.equal(key.status, 400, JSON.stringify(extra));
  }
  const raw =
    '{"email":"proto@example.org","password":"correct horse battery","name":"P","__proto__":{"role":"admin"}}';
  const proto = await ask(`${one.url}/api/v1/auth/register`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: raw,
  });
  assert.equal(proto.status, 400);
  const administrator = await registerAdmin();
  for (const change of [
    {},
    { role: "owner" },
    { role: ["admin"] },
    { active: "false" },
    { role: "admin", email: "x@example.org" },
    { passwordHash: "x" },
  ]) {
    const answer = await send(one.url, "PATCH", `/admin/users/${person.userId}`, bearer(administrator), change);
    assert.equal(answer.status, 400, JSON.stringify(change));
  }
});

test("a token with a changed role or without a signature is refused", async () => {
  const member = await register(one.url);
  const [header = "", payload = "", signature = ""] = member.accessToken.split(".");
  const claims = JSON.parse(Buffer.from(payload, "base64url").toString()) as Record<string, unknown>;
  const adminClaims = Buffer.from(JSON.stringify({ ...claims, role: "admin" })).toString("base64url");
  const unsignedHeader = Buffer.from('{"alg":"none","typ":"at+jwt"}').toString("base64url");
  for (const forged of [
    `${header}.${adminClaims}.${signature}`,
    `${unsignedHeader}.${adminClaims}.`,
    `${unsignedHeader}.${adminClaims}.${signature}`,
  ]) {
    const answer = await send(one.url, "GET", "/admin/users", { authorization: `Bearer ${forged}` });
    assert.equal(answer.status, 401);
  }
});

test("a demoted administrator loses the role at once on every instance, also with the earlier token and cookie", async () => {
  const [first, second] = [await registerAdmin(), await registerAdmin()];
  for (const { url } of [one, two]) assert.equal((await send(url, "GET", "/admin/users", bearer(second))).status, 200);
  const change = await send(one.url, "PATCH", `/admin/users/${second.userId}`, bearer(first), { role: "member" });
  assert.equal(change.status, 200, change.text);
  for (const { url } of [one, two])
    for (const headers of [bearer(second), { cookie: second.cookie }]) {
      const { status } = await send(url, "GET", "/admin/users", headers);
      assert.ok(status === 403 || status === 401, String(status));
      const raise = await send(url, "PATCH", `/admin/users/${second.userId}`, headers, { role: "admin" });
      assert.ok(raise.status === 403 || raise.status === 401);
    }
});

test("a deactivated administrator cannot activate the own account with any earlier credential", async () => {
  const [administrator, target] = [await registerAdmin(), await registerAdmin()];
  const change = await send(one.url, "PATCH", `/admin/users/${target.userId}`, bearer(administrator), {
    active: false,
  });
  assert.equal(change.status, 200, change.text);
  for (const { url } of [one, two])
    for (const headers of [bearer(target), { cookie: target.cookie }])
      assert.equal((await send(url, "PATCH", `/admin/users/${target.userId}`, headers, { active: true })).status, 401);
});

test("if two administrators demote each other at the same time, one stays administrator", async () => {
  await query(database(), "UPDATE users SET role = 'member'");
  for (const change of [{ role: "member" }, { active: false }]) {
    const [a, b] = [await registerAdmin(), await registerAdmin()];
    const statuses = (
      await Promise.all([
        send(one.url, "PATCH", `/admin/users/${b.userId}`, bearer(a), change),
        send(two.url, "PATCH", `/admin/users/${a.userId}`, bearer(b), change),
      ])
    ).map(({ status }) => status);
    const [remaining] = await query<{ count: string }>(
      database(),
      "SELECT count(*) FROM users WHERE role = 'admin' AND active",
    );
    assert.equal(remaining?.count, "1", String(statuses));
    await query(database(), "UPDATE users SET role = 'member'");
  }
});

test("the last administrator cannot demote or deactivate the own account", async () => {
  await query(database(), "UPDATE users SET role = 'member'");
  const last = await registerAdmin();
  for (const change of [{ role: "member" }, { active: false }]) {
    const answer = await send(one.url, "PATCH", `/admin/users/${last.userId}`, bearer(last), change);
    assert.equal(answer.status, 409, answer.text);
  }
  assert.equal((await send(two.url, "GET", "/admin/users", bearer(last))).status, 200);
});

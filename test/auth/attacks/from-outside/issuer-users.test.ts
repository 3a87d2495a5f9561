import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { me, newPerson, register } from "../../../shared/requests/people.ts";
import { query } from "../../../shared/servers/stores/database.ts";
import { startAttackedIssuers } from "../../support/attacked-issuers.ts";

// Attacks by users of a trusted issuer. They were written from the documentation, without the code.

const attacked = await startAttackedIssuers();
const {
  one,
  two,
  mail,
  database,
  post,
  send,
  registerAdmin,
  issuer,
  secondIssuer,
  userOf,
  statusOf,
  claims,
  signToken,
} = attacked;

describe("a user of an issuer", () => {
  test("is an administrator only while the tokens have exactly the configured claim and value", async () => {
    const shapes: unknown[] = [
      "staff haven-admins",
      "haven-admins,",
      "HAVEN-ADMINS",
      ["haven-admins "],
      [["haven-admins"]],
      { "haven-admins": true },
      { 0: "haven-admins", length: 1 },
      true,
      [{ name: "haven-admins" }],
      "",
      null,
    ];
    for (const groups of shapes) {
      const person = await userOf(issuer.sign("climber", { claims: { groups } }));
      assert.equal(person.role, "member", JSON.stringify(groups));
    }
    const hostileToken = signToken(
      { alg: "RS256", kid: "key-1" },
      `${JSON.stringify(claims({ sub: "climber" })).slice(0, -1)},"__proto__":{"groups":["haven-admins"]},"role":"admin","Groups":"haven-admins"}`,
    );
    const status = await statusOf(hostileToken);
    if (status === 200) assert.equal((await userOf(hostileToken)).role, "member");
    const asAdmin = issuer.sign("climber", { claims: { groups: ["haven-admins"] } });
    assert.equal((await send("GET", "/admin/users", undefined, { authorization: `Bearer ${asAdmin}` })).status, 200);
    for (const { url } of [one, two]) {
      const demoted = issuer.sign("climber", { claims: { groups: ["staff"], jti: url } });
      assert.equal((await userOf(demoted)).role, "member");
      assert.equal((await send("GET", "/admin/users", undefined, { authorization: `Bearer ${demoted}` })).status, 403);
    }
  });

  test("never gets an existing account, whatever address or id the token contains", async () => {
    const [admin, victim] = [await registerAdmin(), await register(one.url)];
    const taken = new Set([admin.userId, victim.userId]);
    for (const [sub, extra] of [
      ["m1", { email: admin.email, email_verified: true }],
      [victim.userId, { email: victim.email.toUpperCase(), email_verified: true }],
      [victim.email, { preferred_username: victim.email, upn: victim.email }],
      ["m2", { id: victim.userId, userId: victim.userId, sid: victim.sessionId, uid: victim.userId }],
    ] as const) {
      const person = await userOf(issuer.sign(sub, { claims: extra }));
      assert.ok(!taken.has(person.id));
      assert.ok(person.email.endsWith("@issuer.invalid"), person.email);
      assert.equal(person.role, "member");
    }
    const ids = new Set<string>();
    const subjects: [typeof issuer, string][] = [
      [issuer, "a|b"],
      [issuer, "a"],
      [issuer, "A"],
      [issuer, "a "],
      [secondIssuer, "a"],
      [secondIssuer, "a|b"],
    ];
    for (const [signer, sub] of subjects) ids.add((await userOf(signer.sign(sub))).id);
    assert.equal(ids.size, subjects.length, "two subjects share a user");
  });

  test("gets a name without control characters, whatever the claim contains", async () => {
    for (const name of [
      "a\r\nBcc: x",
      "x".repeat(5000),
      { a: 1 },
      7,
      "",
      "\u202eevil",
      "<script>alert(1)</script>",
      "\u0000",
      "   ",
    ]) {
      const token = issuer.sign(`named-${JSON.stringify(name).slice(0, 20)}`, { claims: { name } });
      assert.equal(await statusOf(token), 200, JSON.stringify(name).slice(0, 40));
      const person = await userOf(token);
      assert.doesNotMatch(person.name, /[\p{Cc}\u202e]/u);
      assert.ok(person.name.length > 0 && person.name.length <= 200);
    }
  });

  test("has an address that registrations, invitations, address changes and sign-ins refuse, and that gets no mail", async () => {
    const token = issuer.sign("reserved");
    const { email } = await userOf(token);
    const [admin, member] = [await registerAdmin(), await register(one.url)];
    const unused = email.replace(/^[^@]+/, (local) => local.split("").toReversed().join(""));
    for (const address of [email, email.toUpperCase(), unused, "x@sub.issuer.invalid"]) {
      const person = { ...newPerson(), email: address };
      const answers = [
        await post("/auth/register", person),
        await post(
          "/admin/invitations",
          { email: address, role: "admin" },
          { authorization: `Bearer ${admin.accessToken}` },
        ),
        await send("PATCH", "/auth/me", { email: address }, { authorization: `Bearer ${member.accessToken}` }),
      ];
      for (const answer of answers)
        assert.ok([400, 403, 409].includes(answer.status), `${address}: ${answer.status} ${answer.text}`);
    }
    const signIn = await post("/auth/login", { email, password: "correct horse battery" });
    assert.ok([400, 401].includes(signIn.status), signIn.text);
    await post("/auth/forgot-password", { email });
    await new Promise((resolve) => setTimeout(resolve, 1500));
    assert.ok(!mail.received.some(({ to }) => to.some((address) => address.endsWith("issuer.invalid"))));
  });

  test("cannot get a session, a password, an API key or a cookie with a token", async () => {
    const authorization = `Bearer ${issuer.sign("settler")}`;
    for (const [method, path, body] of [
      ["POST", "/auth/password", { currentPassword: "x", newPassword: "a password of a settler" }],
      ["POST", "/auth/api-keys", { name: "k", scopes: ["read"] }],
      ["GET", "/auth/sessions"],
      ["DELETE", "/auth/sessions"],
    ] as const)
      assert.equal((await send(method, path, body, { authorization })).status, 403, path);
    const { email } = newPerson();
    const answer = await send("PATCH", "/auth/me", { email }, { authorization });
    assert.ok([200, 403].includes(answer.status), answer.text);
    const setCookies = [answer, await send("GET", "/auth/me", undefined, { authorization })].map(
      ({ headers }) => headers["set-cookie"],
    );
    assert.deepEqual(setCookies, [undefined, undefined]);
  });

  test("is refused after a deactivation, and stays deactivated", async () => {
    const token = issuer.sign("leaver", { claims: { groups: ["haven-admins"] } });
    const person = await userOf(token);
    const admin = await registerAdmin();
    const adminHeaders = { authorization: `Bearer ${admin.accessToken}` };
    assert.equal((await send("PATCH", `/admin/users/${person.id}`, { active: false }, adminHeaders)).status, 200);
    for (const { url } of [one, two]) assert.ok([401, 403].includes(await statusOf(token, url)));
    const rows = await query<{ role: string; active: boolean }>(
      database,
      "SELECT role, active FROM users WHERE id = $1",
      [person.id],
    );
    assert.equal(rows[0]?.active, false);
  });
});

test("twenty tokens of a new subject at the same time create one user", async () => {
  const tokens = Array.from({ length: 20 }, (_, n) => issuer.sign("newcomer", { claims: { jti: String(n) } }));
  const answers = await Promise.all(tokens.map((accessToken, n) => me(n % 2 ? one.url : two.url, { accessToken })));
  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
  assert.equal(new Set(answers.map((answer) => (answer.json() as { id: string }).id)).size, 1);
});

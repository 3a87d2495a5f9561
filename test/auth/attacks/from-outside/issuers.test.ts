import assert from "node:assert/strict";
import { createHmac, createSign, generateKeyPairSync, sign as signBytes } from "node:crypto";
import { describe, test } from "node:test";
import { me, newPerson, register } from "../../../shared/requests/people.ts";
import { query } from "../../../shared/servers/database.ts";
import { audience, newKey, rawToken, startTestIssuer } from "../../../shared/servers/test-issuer.ts";
import { startAttackedPair } from "../../support/attacked-pair.ts";
import { startProvider } from "../../support/oidc-provider.ts";

// Attacks with tokens of the company's provider. Their author knew the documents, and had not read the code.

const provider = await startProvider();
const issuer = await startTestIssuer();
const second = await startTestIssuer(newKey("key-1"));
const { one, two, mail, database, post, send, admin } = await startAttackedPair({
  TRUSTED_ISSUERS: `${provider.issuer},${issuer.url},${second.url}`,
  TRUSTED_AUDIENCE: audience,
  TRUSTED_ADMIN_CLAIM: "groups=haven-admins",
});

type Me = { id: string; email: string; role: string; name: string };
const whoIs = async (accessToken: string) => (await me(one.url, { accessToken })).json() as Me;
const statusOf = async (accessToken: string, url = one.url) => (await me(url, { accessToken })).status;
const now = () => Math.floor(Date.now() / 1000);
const claims = (extra: object = {}) => ({
  iss: issuer.url,
  aud: audience,
  sub: "forged",
  iat: now(),
  exp: now() + 300,
  ...extra,
});
const part = (value: unknown) =>
  Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");

/** Signs exactly these texts with the key of the issuer. */
function signed(header: unknown, payload: unknown): string {
  const unsigned = `${part(header)}.${part(payload)}`;
  return `${unsigned}.${createSign("RSA-SHA256").update(unsigned).sign(issuer.key.privateKey, "base64url")}`;
}

test("the honest token of each issuer is accepted", async () => {
  assert.equal(await statusOf(await provider.token()), 200);
  assert.equal(await statusOf(issuer.sign("honest")), 200);
  assert.equal(await statusOf(signed({ alg: "RS256", kid: "key-1", typ: "JWT" }, claims({ sub: "honest" }))), 200);
});

describe("a forged signature is refused", () => {
  test("with none, HMAC by the public key, or a key of another type", async () => {
    const { publicKey, jwk } = issuer.key;
    const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const pem = publicKey.export({ format: "pem", type: "spki" }).toString();
    const forged = ["none", "NONE", "nOnE", " none", ""].map((alg) => rawToken({ alg, kid: "key-1" }, claims(), ""));
    for (const alg of ["HS256", "HS384", "HS512", "RS256"])
      for (const secret of [pem, pem.trim(), `${pem}\n`, JSON.stringify(jwk), String(jwk.n), "key-1", ""]) {
        const unsigned = rawToken({ alg, typ: "JWT", kid: "key-1" }, claims(), "").slice(0, -1);
        forged.push(
          `${unsigned}.${createHmac(alg.replace(/..(?=\d)/, "sha"), secret)
            .update(unsigned)
            .digest("base64url")}`,
        );
      }
    const unsigned = `${part({ alg: "ES256", kid: "key-1" })}.${part(claims())}`;
    const byEc = signBytes("sha256", Buffer.from(unsigned), { key: ec.privateKey, dsaEncoding: "ieee-p1363" });
    forged.push(`${unsigned}.${byEc.toString("base64url")}`, `${unsigned}.${Buffer.alloc(64).toString("base64url")}`);
    for (const token of forged) assert.equal(await statusOf(token), 401, token);
  });

  test("with the key of one issuer in the name of another, or of Haven itself", async () => {
    for (const iss of [
      issuer.url,
      `${issuer.url}/`,
      issuer.url.toUpperCase(),
      provider.issuer,
      "haven-api",
      "",
      null,
      [issuer.url],
      [second.url],
    ]) {
      const token = second.sign("mallory", { claims: { iss } });
      assert.equal(await statusOf(token), 401, String(iss));
    }
    assert.equal(await statusOf(second.sign("mallory", { claims: { iss: undefined } })), 401);
    const local = second.sign("mallory", { claims: { iss: "haven-api", aud: "haven-api", sid: "x", role: "admin" } });
    assert.equal(await statusOf(local), 401);
  });

  test("with hostile key ids, headers and types, although the right key signed", async () => {
    const { requests } = second;
    const before = requests.length;
    const jwk = newKey("mine").jwk;
    const headers: object[] = [
      ...[
        "__proto__",
        "constructor",
        "toString",
        "../jwks",
        "key-1\u0000",
        "key-1 ",
        "KEY-1",
        "' OR 1=1",
        "k".repeat(5000),
      ].map((kid) => ({ kid })),
      ...[null, 0, 1, true, ["key-1"], { kid: "key-1" }, ""].map((kid) => ({ kid })),
      { jku: `${second.url}/evil` },
      { x5u: `${second.url}/evil` },
      { jwk },
      { x5c: ["MIIB"] },
      { crit: ["exp"], exp: now() + 300 },
      { crit: [] },
      { b64: false, crit: ["b64"] },
      { zip: "DEF" },
      { cty: "JWT" },
      ...["logout+jwt", "dpop+jwt", "id_token", "JWE", "secevent+jwt", "", null, 1].map((typ) => ({ typ })),
      ...["RS512", "PS256", "rs256", ["RS256"], null].map((alg) => ({ alg })),
    ];
    for (const header of headers) {
      const status = await statusOf(signed({ alg: "RS256", kid: "key-1", typ: "at+jwt", ...header }, claims()));
      // A key id that the provider may have added since is answered with 503 only if the keys cannot be read.
      assert.equal(status, 401, JSON.stringify(header).slice(0, 100));
    }
    assert.ok(!requests.slice(before).some((path) => path.includes("evil")));
  });

  test("with repeated members, other alphabets, or text around the token", async () => {
    const honest = issuer.sign("honest");
    const [head = "", body = "", signature = ""] = honest.split(".");
    const flipped = `${signature.slice(0, -1)}${signature.endsWith("A") ? "B" : "A"}`;
    const forged = [
      `${head}.${body}.${signature}=`,
      `${head}.${body}.${signature}==`,
      `${head}=.${body}.${signature}`,
      `${head}.${body}.${signature} x`,
      `${head}..${signature}`,
      `${head}.${body}`,
      `.${body}.${signature}`,
      `${head}.${body}.${signature}.${signature}`,
      `${head}.${part(claims({ sub: "someone else" }))}.${signature}`,
      `${part({ alg: "RS256", kid: "key-1", typ: "at+jwt", x: 1 })}.${body}.${signature}`,
      `${head}.${body}.${Buffer.from(signature, "base64url").toString("hex")}`,
      `${head}.${body}.${flipped.slice(0, 40)}${flipped.slice(41)}`,
      signed('{"alg":"RS256","kid":"key-1"', claims()),
      signed({ alg: "RS256", kid: "key-1" }, "[]"),
      signed({ alg: "RS256", kid: "key-1" }, "null"),
      signed({ alg: "RS256", kid: "key-1" }, '"text"'),
      signed([], claims()),
      signed("null", claims()),
      signed({ alg: "RS256", kid: "key-1" }, claims({ padding: "x".repeat(20_000) })),
    ];
    for (const token of forged) assert.ok([400, 401, 431].includes(await statusOf(token)), token.slice(0, 200));
  });
});

test("claims of the wrong audience, time, type or shape are refused, and none causes a 500", async () => {
  const wrong: object[] = [
    ...["other", "", [], ["other"], [audience, { a: 1 }], { 0: audience }, `${audience} other`, null, [[audience]]].map(
      (aud) => ({ aud }),
    ),
    ...[now() - 60, 0, -1, "9999999999", null, 1e300, now() + 200_000].map((exp) => ({ exp })),
    ...[now() + 120, null, "1", -1].map((iat) => ({ iat })),
    ...[now() + 120, "later"].map((nbf) => ({ nbf })),
    ...["", null, 0, 12, ["honest"], { id: "honest" }, "x".repeat(5000), "a\u0000b", "\ud800"].map((sub) => ({ sub })),
    { nonce: "n" },
    { at_hash: "h" },
    { events: { "http://schemas.openid.net/event/backchannel-logout": {} } },
  ];
  for (const extra of wrong)
    assert.equal(
      await statusOf(signed({ alg: "RS256", kid: "key-1", typ: "at+jwt" }, claims(extra))),
      401,
      JSON.stringify(extra).slice(0, 100),
    );
});

describe("a user of an issuer", () => {
  test("is an administrator only with exactly the claim and the value, and only as long as tokens have it", async () => {
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
      const person = await whoIs(issuer.sign("climber", { claims: { groups } }));
      assert.equal(person.role, "member", JSON.stringify(groups));
    }
    const sly = signed(
      { alg: "RS256", kid: "key-1" },
      `${JSON.stringify(claims({ sub: "climber" })).slice(0, -1)},"__proto__":{"groups":["haven-admins"]},"role":"admin","Groups":"haven-admins"}`,
    );
    const status = await statusOf(sly);
    if (status === 200) assert.equal((await whoIs(sly)).role, "member");
    const asAdmin = issuer.sign("climber", { claims: { groups: ["haven-admins"] } });
    assert.equal((await send("GET", "/admin/users", undefined, { authorization: `Bearer ${asAdmin}` })).status, 200);
    for (const { url } of [one, two]) {
      const demoted = issuer.sign("climber", { claims: { groups: ["staff"], jti: url } });
      assert.equal((await whoIs(demoted)).role, "member");
      assert.equal((await send("GET", "/admin/users", undefined, { authorization: `Bearer ${demoted}` })).status, 403);
    }
  });

  test("is nobody's existing account, whatever the token says about address, id and user", async () => {
    const [boss, victim] = [await admin(), await register(one.url)];
    const taken = new Set([boss.userId, victim.userId]);
    for (const [sub, extra] of [
      ["m1", { email: boss.email, email_verified: true }],
      [victim.userId, { email: victim.email.toUpperCase(), email_verified: true }],
      [victim.email, { preferred_username: victim.email, upn: victim.email }],
      ["m2", { id: victim.userId, userId: victim.userId, sid: victim.sessionId, uid: victim.userId }],
    ] as const) {
      const person = await whoIs(issuer.sign(sub, { claims: extra }));
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
      [second, "a"],
      [second, "a|b"],
    ];
    for (const [by, sub] of subjects) ids.add((await whoIs(by.sign(sub))).id);
    assert.equal(ids.size, subjects.length, "two subjects share a user");
  });

  test("gets a harmless name, whatever the claim is", async () => {
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
      const person = await whoIs(token);
      assert.doesNotMatch(person.name, /[\p{Cc}\u202e]/u);
      assert.ok(person.name.length > 0 && person.name.length <= 200);
    }
  });

  test("has an address that nobody can register, be invited to, change to, sign in or reset with", async () => {
    const token = issuer.sign("reserved");
    const { email } = await whoIs(token);
    const [boss, member] = [await admin(), await register(one.url)];
    const unused = email.replace(/^[^@]+/, (local) => local.split("").toReversed().join(""));
    for (const address of [email, email.toUpperCase(), unused, "x@sub.issuer.invalid"]) {
      const asPerson = { ...newPerson(), email: address };
      const answers = [
        await post("/auth/register", asPerson),
        await post(
          "/admin/invitations",
          { email: address, role: "admin" },
          { authorization: `Bearer ${boss.accessToken}` },
        ),
        await send("PATCH", "/auth/me", { email: address }, { authorization: `Bearer ${member.accessToken}` }),
      ];
      for (const answer of answers)
        assert.ok([400, 403, 409].includes(answer.status), `${address}: ${answer.status} ${answer.text}`);
    }
    assert.equal((await post("/auth/login", { email, password: "correct horse battery" })).status, 401);
    await post("/auth/forgot-password", { email });
    await new Promise((resolve) => setTimeout(resolve, 1500));
    assert.ok(!mail.received.some(({ to }) => to.some((address) => address.endsWith("issuer.invalid"))));
  });

  test("cannot turn a token into a session, a password or a key, or into an account by its address", async () => {
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

  test("who is deactivated here, or deleted while tokens live, is refused and does not come back as an administrator", async () => {
    const token = issuer.sign("leaver", { claims: { groups: ["haven-admins"] } });
    const person = await whoIs(token);
    const boss = await admin();
    const asBoss = { authorization: `Bearer ${boss.accessToken}` };
    assert.equal((await send("PATCH", `/admin/users/${person.id}`, { active: false }, asBoss)).status, 200);
    for (const { url } of [one, two]) assert.ok([401, 403].includes(await statusOf(token, url)));
    const rows = await query<{ role: string; active: boolean }>(
      database,
      "SELECT role, active FROM users WHERE id = $1",
      [person.id],
    );
    assert.equal(rows[0]?.active, false);
  });
});

test("twenty first tokens of one subject at once create one user", async () => {
  const tokens = Array.from({ length: 20 }, (_, n) => issuer.sign("newcomer", { claims: { jti: String(n) } }));
  const answers = await Promise.all(tokens.map((accessToken, n) => me(n % 2 ? one.url : two.url, { accessToken })));
  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
  assert.equal(new Set(answers.map((answer) => (answer.json() as Me).id)).size, 1);
});

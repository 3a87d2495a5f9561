import assert from "node:assert/strict";
import { createHmac, sign } from "node:crypto";
import { before, test } from "node:test";
import { createIssuerKeys, pauseAfterSuccessMs } from "../../../src/auth/issuers/issuer-keys.ts";
import { readKeySet } from "../../../src/auth/issuers/key-set.ts";
import { ask } from "../../shared/requests/http.ts";
import { me, register, sameSecret } from "../../shared/requests/people.ts";
import { query } from "../../shared/servers/stores/database.ts";
import {
  audience,
  hang,
  newKey,
  rawToken,
  startTestIssuer,
  type TestIssuer,
} from "../../shared/servers/test-issuer.ts";
import { type Haven, startHaven } from "../../support/haven.ts";

// Attacks with tokens of trusted issuers, by strangers and by issuers that are broken or hostile.

let issuer: TestIssuer;
let other: TestIssuer;
let haven: Haven;
before(async () => {
  [issuer, other] = [await startTestIssuer(), await startTestIssuer(newKey("key-2"))];
  haven = await startHaven({
    env: { ...sameSecret, TRUSTED_ISSUERS: `${issuer.url},${other.url}`, TRUSTED_AUDIENCE: audience },
  });
});

const statusOf = async (token: string): Promise<number> => (await me(haven.url, { accessToken: token })).status;

const now = () => Math.floor(Date.now() / 1000);
const payload = () => ({ iss: issuer.url, aud: audience, sub: "forged", iat: now(), exp: now() + 300 });

test("a token without a signature (alg none) is refused", async () => {
  assert.equal(await statusOf(issuer.sign("honest")), 200);
  const [, , signature = ""] = issuer.sign("honest").split(".");
  for (const alg of ["none", "None", "NONE", ""])
    for (const end of ["", signature])
      assert.equal(await statusOf(rawToken({ alg, typ: "JWT", kid: "key-1" }, payload(), end)), 401, alg);
});

test("a token signed by HMAC with the public key of the issuer as the secret is refused", async () => {
  const { publicKey, jwk } = issuer.key;
  const secrets = [
    publicKey.export({ format: "pem", type: "spki" }),
    publicKey.export({ format: "der", type: "spki" }),
    publicKey.export({ format: "pem", type: "pkcs1" }),
    JSON.stringify(jwk),
    Buffer.from(String(jwk.n), "base64url"),
  ];
  for (const secret of secrets)
    for (const alg of ["HS256", "RS256"]) {
      const unsigned = rawToken({ alg, typ: "JWT", kid: "key-1" }, payload(), "").slice(0, -1);
      const signature = createHmac("sha256", secret).update(unsigned).digest("base64url");
      assert.equal(await statusOf(`${unsigned}.${signature}`), 401);
    }
});

test("a token that is signed by another key with the key id of the issuer is refused", async () => {
  const attacker = newKey("key-1");
  assert.equal(await statusOf(issuer.sign("victim", { key: attacker.privateKey })), 401);
  const [head, , signature] = issuer.sign("honest").split(".");
  const changed = Buffer.from(JSON.stringify({ ...payload(), sub: "victim" })).toString("base64url");
  assert.equal(await statusOf(`${head}.${changed}.${signature}`), 401);
});

test("a token whose header contains a key or the address of a key is refused, and the server sends no request to the address", async () => {
  const attacker = await startTestIssuer(newKey("key-1"));
  attacker.requests.length = 0;
  for (const extra of [
    { jwk: attacker.key.jwk },
    { jku: `${attacker.url}/jwks` },
    { x5u: `${attacker.url}/jwks` },
    { x5c: ["MIIB"] },
    { crit: ["exp"] },
    { b64: false },
    { typ: "logout+jwt" },
    { kid: "../../etc/passwd" },
    { kid: undefined },
  ]) {
    const header = { jku: undefined, ...extra };
    for (const { privateKey } of [attacker.key, issuer.key])
      assert.equal(await statusOf(issuer.sign("victim", { key: privateKey, header })), 401, JSON.stringify(extra));
  }
  assert.deepEqual(attacker.requests, []);
});

test("a token for another audience, of another issuer, or outside its time is refused", async () => {
  for (const claims of [
    { aud: "another" },
    { aud: ["another", "api"] },
    { aud: undefined },
    { aud: "" },
    { exp: undefined },
    { exp: now() - 60 },
    { iat: now() + 3600, exp: now() + 7200 },
    { nbf: now() + 3600 },
    { exp: now() + 10 * 365 * 86_400 },
    { sub: undefined },
    { sub: "" },
    { sub: 7 },
    { sub: "x".repeat(300) },
    { sub: "a\u0000b" },
    { iss: "haven-api" },
    { iss: `${issuer.url}/` },
    { iss: issuer.url.toUpperCase() },
    { iss: other.url },
    { iss: undefined },
    { nonce: "an ID token" },
    { at_hash: "an ID token" },
    { events: {} },
  ]) {
    assert.equal(await statusOf(issuer.sign("victim", { claims })), 401, JSON.stringify(claims));
  }
  assert.equal(await statusOf(issuer.sign("x", { claims: { padding: "x".repeat(7000) } })), 401, "longer than 8 kB");
});

test("a token within the tolerance for clocks, or with the audience in a list, is accepted", async () => {
  for (const claims of [
    { exp: now() - 2 },
    { nbf: now() + 3 },
    { iat: now() + 20, exp: now() + 300 },
    { aud: ["another", audience] },
  ])
    assert.equal(await statusOf(issuer.sign("skewed", { claims })), 200, JSON.stringify(claims));
  for (const claims of [
    { exp: now() - 10 },
    { nbf: now() + 60 },
    { iat: now() + 60, exp: now() + 300 },
    { aud: [[audience]] },
    { aud: [] },
    { aud: { 0: audience } },
    { aud: `${audience} another` },
    { aud: audience.toUpperCase() },
  ]) {
    const header = { alg: "RS256", typ: "JWT", kid: "key-1" };
    const unsigned = rawToken(header, { ...payload(), ...claims }, "").slice(0, -1);
    const signature = sign("sha256", Buffer.from(unsigned), issuer.key.privateKey).toString("base64url");
    assert.equal(await statusOf(`${unsigned}.${signature}`), 401, JSON.stringify(claims));
  }
});

test("a token with more or fewer parts, with other characters, or with a huge header is refused", async () => {
  const token = issuer.sign("honest");
  const [head = "", body = "", signature = ""] = token.split(".");
  for (const text of [
    `${token}.${signature}`,
    `${token}.`,
    `.${token}`,
    `${head}.${body}`,
    `${head}..${signature}`,
    `${head}.${body}.${signature}=`,
    `${head}.${body}.`,
    head,
    rawToken({ alg: "RS256", kid: "x".repeat(5000) }, payload(), signature),
    rawToken({ alg: "RS256", kid: "__proto__" }, payload(), signature),
    rawToken([], [], signature),
    `${Buffer.from("[".repeat(3000)).toString("base64url")}.${body}.${signature}`,
  ])
    assert.equal(await statusOf(text), 401, text.slice(0, 80));
  // Node refuses headers of this size before the token is read.
  const huge = rawToken({ alg: "RS256", kid: "x".repeat(1_000_000) }, payload(), signature);
  assert.ok([0, 431].includes(await statusOf(huge).catch(() => 0)));
  assert.equal(await statusOf(token), 200);
});

test("a set of 10,000 keys is refused, and a full set of a hundred keys costs less than 50 ms", async () => {
  assert.throws(() => readKeySet({ keys: Array.from({ length: 10_000 }, () => ({})) }));
  const { jwk } = newKey("many");
  const keys = Array.from({ length: 100 }, (_, index) => ({ ...jwk, kid: `many-${index}` }));
  // Other tests use the machine too, so the shortest of five times counts.
  const times = Array.from({ length: 5 }, () => {
    const startedAt = performance.now();
    assert.equal(readKeySet({ keys }).size, 100);
    return performance.now() - startedAt;
  });
  assert.ok(Math.min(...times) < 50, String(times));
});

test("a user of an issuer cannot get an email address, a password or an API key", async () => {
  const token = issuer.sign("settler");
  const authorization = `Bearer ${token}`;
  const owner = await register(haven.url);
  for (const [method, path, body] of [
    ["PATCH", "/auth/me", { email: owner.email }],
    ["PATCH", "/auth/me", { email: "settler@example.org" }],
    ["POST", "/auth/verify-email/resend", {}],
    ["POST", "/auth/password", { currentPassword: "x", newPassword: "a new long password" }],
    ["POST", "/auth/api-keys", { name: "x", scopes: ["read"] }],
  ] as const) {
    const headers = { authorization, "content-type": "application/json" };
    const answer = await ask(`${haven.url}/api/v1${path}`, { method, headers, body: JSON.stringify(body) });
    assert.equal(answer.status, 403, `${method} ${path}: ${answer.text}`);
  }
  const { email } = (await me(haven.url, { accessToken: token })).json() as { email: string };
  const login = await ask(`${haven.url}/api/v1/auth/login`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ email, password: "correct horse battery" }),
  });
  assert.equal(login.status, 400, "addresses under .invalid are refused");
});

test("an email claim gives no access to an account and reserves no address, and the same subject of two issuers is two users", async () => {
  const owner = await register(haven.url);
  for (const email_verified of [undefined, false, "true", 1])
    assert.notEqual(
      (
        (
          await me(haven.url, {
            accessToken: issuer.sign("mallory", { claims: { email: owner.email, email_verified } }),
          })
        ).json() as { id: string }
      ).id,
      owner.userId,
    );
  const claims = { email: owner.email, email_verified: true, preferred_username: owner.email };
  const response = await me(haven.url, { accessToken: issuer.sign("mallory", { claims }) });
  assert.equal(response.status, 200, response.text);
  const user = response.json() as { id: string; email: string };
  assert.notEqual(user.id, owner.userId);
  assert.match(user.email, /@issuer\.invalid$/);
  const elsewhere = await me(haven.url, { accessToken: other.sign("mallory", { claims }) });
  assert.notEqual((elsewhere.json() as { id: string }).id, user.id);
  const free = "free@example.org";
  await me(haven.url, { accessToken: issuer.sign("early", { claims: { email: free, email_verified: true } }) });
  await register(haven.url, { email: free, password: "correct horse battery", name: "Free" });
});

test("without TRUSTED_ADMIN_CLAIM, no claim makes a user an administrator", async () => {
  const claims = { role: "admin", roles: ["admin"], groups: ["admin"], admin: true, sid: "x", scope: "admin" };
  const token = issuer.sign("climber", { claims });
  const answer = await ask(`${haven.url}/api/v1/admin/users`, { headers: { authorization: `Bearer ${token}` } });
  assert.equal(answer.status, 403);
});

test("a token of an issuer cannot manage sessions or API keys", async () => {
  const authorization = `Bearer ${issuer.sign("visitor")}`;
  for (const [method, path] of [
    ["GET", "/auth/sessions"],
    ["DELETE", "/auth/sessions"],
    ["POST", "/auth/logout"],
    ["GET", "/auth/api-keys"],
  ] as const)
    assert.equal((await ask(`${haven.url}/api/v1${path}`, { method, headers: { authorization } })).status, 403, path);
});

test("a deactivated user is refused with a token that is still valid", async () => {
  const token = issuer.sign("leaver");
  const { id } = (await me(haven.url, { accessToken: token })).json() as { id: string };
  await query(haven.running.parts.addresses.databaseUrl, "UPDATE users SET active = false WHERE id = $1", [id]);
  assert.equal(await statusOf(token), 401);
  assert.equal(await statusOf(issuer.sign("leaver")), 401, "a new token is refused too");
});

test("a thousand tokens with invented key ids cause one request to the issuer", async () => {
  const flooded = await startTestIssuer();
  let nowMs = 1_000_000;
  const keys = createIssuerKeys({ issuer: flooded.url, allows: () => true, now: () => nowMs });
  assert.ok(await keys.find("key-1"));
  flooded.requests.length = 0;
  nowMs += pauseAfterSuccessMs;
  const foundKeys = await Promise.all(Array.from({ length: 1000 }, (_, n) => keys.find(`invented-${n}`)));
  assert.ok(foundKeys.every((key) => key === undefined));
  assert.deepEqual(flooded.requests, [flooded.discoveryPath, "/jwks"]);
});

test("the server refuses discovery documents and key sets with another issuer, a redirect, invalid JSON, too many bytes or no end", async () => {
  const broken = await startTestIssuer();
  const { url, discoveryPath: path } = broken;
  const good = { issuer: url, jwks_uri: `${url}/jwks` };
  for (const [fault, faultyPath, value] of [
    ["another issuer", path, { ...good, issuer: other.url }],
    ["an issuer that differs by a slash", path, { ...good, issuer: `${url}/` }],
    ["keys at an address that is not allowed", path, { ...good, jwks_uri: "http://192.0.2.1/jwks" }],
    ["no address of keys", path, { issuer: url }],
    [
      "a redirect",
      path,
      (response: import("node:http").ServerResponse) =>
        void response.writeHead(302, { location: `${other.url}${path}`, connection: "close" }).end(),
    ],
    [
      "not JSON",
      path,
      (response: import("node:http").ServerResponse) =>
        void response.writeHead(200, { connection: "close" }).end("<html>"),
    ],
    ["too large", "/jwks", { keys: [broken.key.jwk], padding: "x".repeat(300_000) }],
    ["too many keys", "/jwks", { keys: Array.from({ length: 1000 }, () => ({ kid: "x" })) }],
    ["no end", "/jwks", hang],
  ] as const) {
    broken.answer(path, good);
    broken.answer("/jwks", { keys: [broken.key.jwk] });
    broken.answer(faultyPath, value);
    const keys = createIssuerKeys({ issuer: url, allows: (address) => address.startsWith("http://127.0.0.1") });
    await assert.rejects(keys.find("key-1"), { code: "unavailable" }, fault);
    await assert.rejects(keys.check(), fault);
  }
});

test("the server ignores keys of an issuer that are symmetric, for encryption, weak, without an id or repeated", () => {
  const [good, second] = [newKey("good"), newKey("good")];
  const keys = readKeySet({
    keys: [
      { kty: "oct", kid: "symmetric", k: "c2VjcmV0" },
      { ...good.jwk, kid: "encryption", use: "enc" },
      { ...good.jwk, kid: "hmac", alg: "HS256" },
      { ...good.jwk, kid: undefined },
      { ...good.jwk, kid: "weak", n: "AQAB" },
      { kty: "EC", kid: "curve", crv: "P-256", x: "AQAB", y: "AQAB" },
      "text",
      null,
      { ...good.privateKey.export({ format: "jwk" }), kid: "good" },
      second.jwk,
    ],
  });
  assert.deepEqual([...keys.keys()], ["good"]);
  assert.equal(keys.get("good")?.key.type, "public");
  assert.ok(keys.get("good")?.key.equals(good.publicKey), "the first of two keys with one id counts");
});

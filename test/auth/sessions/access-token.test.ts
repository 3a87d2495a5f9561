import assert from "node:assert/strict";
import { createHmac, generateKeyPairSync, randomUUID, sign } from "node:crypto";
import { before, test } from "node:test";
import { ask } from "../../shared/requests/http.ts";
import { bearer, me, register, type SignedIn, sameSecret } from "../../shared/requests/people.ts";
import { freshDatabase } from "../../shared/servers/stores/database.ts";
import { freshRedis } from "../../shared/servers/stores/redis.ts";
import { type Haven, startHaven } from "../../support/haven.ts";

const secret = sameSecret.JWT_SECRET;
const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const pem = privateKey.export({ format: "pem", type: "pkcs8" }).toString();

let haven: Haven;
let person: SignedIn;
let valid: { header: Record<string, unknown>; payload: Record<string, unknown> };
before(async () => {
  haven = await startHaven({ env: sameSecret });
  person = await register(haven.url);
  const [header = "", payload = ""] = person.accessToken.split(".");
  valid = { header: parsed(header), payload: parsed(payload) };
});

const parsed = (part: string) => JSON.parse(Buffer.from(part, "base64url").toString()) as Record<string, unknown>;
const encoded = (value: unknown) =>
  Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");

function token(header: object, payload: unknown, key = secret): string {
  const body = `${encoded(header)}.${encoded(payload)}`;
  return `${body}.${createHmac("sha256", key).update(body).digest("base64url")}`;
}

test("an access token has the documented header and claims", async () => {
  assert.deepEqual(Object.keys(valid.header).sort(), ["alg", "kid", "typ"]);
  assert.partialDeepStrictEqual(valid.header, { alg: "HS256", typ: "at+jwt" });
  assert.deepEqual(Object.keys(valid.payload).sort(), ["aud", "exp", "iat", "iss", "role", "sid", "sub"]);
  assert.partialDeepStrictEqual(valid.payload, {
    iss: "haven-api",
    aud: "haven-api",
    sub: person.userId,
    role: "member",
  });
  assert.equal((await me(haven.url, { accessToken: token(valid.header, valid.payload) })).status, 200);
});

const now = () => Math.floor(Date.now() / 1000);

test("a token of an instance whose clock is twenty seconds ahead is accepted", async () => {
  const payload = { ...valid.payload, iat: now() + 20, exp: now() + 620 };
  assert.equal((await me(haven.url, { accessToken: token(valid.header, payload) })).status, 200);
});
const invalidTokens: readonly (readonly [string, () => string])[] = [
  ["no algorithm", () => `${encoded({ ...valid.header, alg: "none" })}.${encoded(valid.payload)}.`],
  ["an empty signature", () => `${person.accessToken.split(".").slice(0, 2).join(".")}.`],
  ["two parts", () => person.accessToken.split(".").slice(0, 2).join(".")],
  ["another algorithm", () => token({ ...valid.header, alg: "HS512" }, valid.payload)],
  ["another secret", () => token(valid.header, valid.payload, "x".repeat(40))],
  [
    "a public key as the secret",
    () => token(valid.header, valid.payload, publicKey.export({ format: "pem", type: "spki" }).toString()),
  ],
  ["an expiry in the past", () => token(valid.header, { ...valid.payload, exp: now() - 6 })],
  ["no expiry", () => token(valid.header, { ...valid.payload, exp: undefined })],
  ["an expiry that is not a number", () => token(valid.header, { ...valid.payload, exp: "9999999999" })],
  ["a time of issue in the future", () => token(valid.header, { ...valid.payload, iat: now() + 60 })],
  ["another audience", () => token(valid.header, { ...valid.payload, aud: "other" })],
  ["no audience", () => token(valid.header, { ...valid.payload, aud: undefined })],
  ["another issuer", () => token(valid.header, { ...valid.payload, iss: "other" })],
  ["no issuer", () => token(valid.header, { ...valid.payload, iss: undefined })],
  ["another type", () => token({ ...valid.header, typ: "JWT" }, valid.payload)],
  ["no type", () => token({ ...valid.header, typ: undefined }, valid.payload)],
  ["no key id", () => token({ ...valid.header, kid: undefined }, valid.payload)],
  ["an unknown key id", () => token({ ...valid.header, kid: "other" }, valid.payload)],
  ["a path as key id", () => token({ ...valid.header, kid: "../../../../dev/null" }, valid.payload, "")],
  ["SQL as key id", () => token({ ...valid.header, kid: "x' UNION SELECT 'y" }, valid.payload, "y")],
  ["the name of an object member as key id", () => token({ ...valid.header, kid: "__proto__" }, valid.payload)],
  ["the header jku", () => token({ ...valid.header, jku: "http://127.0.0.1/keys" }, valid.payload)],
  ["the header jwk", () => token({ ...valid.header, jwk: publicKey.export({ format: "jwk" }) }, valid.payload)],
  ["the header x5u", () => token({ ...valid.header, x5u: "http://127.0.0.1/cert" }, valid.payload)],
  ["the header crit", () => token({ ...valid.header, crit: ["exp"] }, valid.payload)],
  ["a null payload", () => token(valid.header, null)],
  ["an array as payload", () => token(valid.header, [valid.payload])],
  ["a string as payload", () => token(valid.header, '"text"')],
  ["a payload that is not JSON", () => token(valid.header, "{")],
  ["no subject", () => token(valid.header, { ...valid.payload, sub: undefined })],
  ["a subject that is not an id", () => token(valid.header, { ...valid.payload, sub: "1 OR 1=1" })],
  ["no session", () => token(valid.header, { ...valid.payload, sid: undefined })],
  ["an unknown session", () => token(valid.header, { ...valid.payload, sid: randomUUID() })],
  ["the user of another session", () => token(valid.header, { ...valid.payload, sub: randomUUID() })],
  ["an unknown role", () => token(valid.header, { ...valid.payload, role: "root" })],
  ["a length of 5 KB", () => token(valid.header, { ...valid.payload, padding: "x".repeat(4000) })],
  ["no content", () => ""],
  ["dots only", () => ".."],
  ["a header that is null", () => `${encoded(null)}.${encoded(valid.payload)}.x`],
];

for (const [fault, makeToken] of invalidTokens) {
  test(`a token with ${fault} gets 401`, async () => {
    const answer = await me(haven.url, { accessToken: makeToken() });
    assert.equal(answer.status, 401, answer.text);
    assert.equal(answer.headers["www-authenticate"], "Bearer");
  });
}

test("a token is accepted until five seconds after its expiry", async () => {
  assert.equal(
    (await me(haven.url, { accessToken: token(valid.header, { ...valid.payload, exp: now() - 2 }) })).status,
    200,
  );
});

test("an Authorization header that is malformed, has another scheme or has 20 KB is rejected", async () => {
  for (const authorization of [
    "Basic Zm9vOmJhcg==",
    "Bearer",
    `Token ${person.accessToken}`,
    `Bearer ${person.accessToken} x`,
  ]) {
    assert.equal((await ask(`${haven.url}/api/v1/auth/me`, { headers: { authorization } })).status, 401);
  }
  assert.equal(
    (await ask(`${haven.url}/api/v1/auth/me`, { headers: { authorization: `Bearer ${"x".repeat(20_000)}` } })).status,
    431,
  );
});

test("after a rotation of the secret, earlier tokens stay valid", async () => {
  const env = { AUTH_RATE_LIMIT: "0", DATABASE_URL: await freshDatabase(), REDIS_URL: await freshRedis() };
  const next = "f0e1d2c3b4a5968778695a4b3c2d1e0ff0e1d2c3";
  const withOldSecret = await startHaven({ env: { ...env, JWT_SECRET: secret } });
  const user = await register(withOldSecret.url);
  const withBothSecrets = await startHaven({ env: { ...env, JWT_SECRET: next, JWT_SECRET_PREVIOUS: secret } });
  assert.equal((await me(withBothSecrets.url, user)).status, 200);
  const refreshed = await ask(`${withBothSecrets.url}/api/v1/auth/refresh`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ refreshToken: user.refreshToken }),
  });
  assert.equal(refreshed.status, 200);
  assert.equal(
    (await me(withOldSecret.url, refreshed.json() as { accessToken: string })).status,
    401,
    "the instance with the old secret has no key for the new tokens",
  );
  const cookie = await ask(`${withBothSecrets.url}/api/v1/auth/me`, { headers: { cookie: user.cookie } });
  assert.equal(cookie.status, 200);
  const withoutOldSecret = await startHaven({ env: { ...env, JWT_SECRET: next } });
  assert.equal((await me(withoutOldSecret.url, user)).status, 401);
});

test("with a private key tokens are ES256 and can be verified with the public keys, and earlier tokens stay valid", async () => {
  const env = { ...sameSecret, DATABASE_URL: await freshDatabase(), REDIS_URL: await freshRedis() };
  const withSecret = await startHaven({ env });
  const old = await register(withSecret.url);
  assert.deepEqual((await ask(`${withSecret.url}/.well-known/jwks.json`)).json(), { keys: [] });
  const withPrivateKey = await startHaven({ env: { ...env, JWT_PRIVATE_KEY: pem.replaceAll("\n", "\\n") } });
  assert.equal((await me(withPrivateKey.url, old)).status, 200);
  const user = await register(withPrivateKey.url);
  const header = parsed(user.accessToken.split(".")[0] ?? "");
  const { keys } = (await ask(`${withPrivateKey.url}/.well-known/jwks.json`)).json() as {
    keys: Record<string, string>[];
  };
  assert.equal(header["alg"], "ES256");
  assert.deepEqual(
    keys.map(({ kid, alg, crv, d }) => [kid, alg, crv, d]),
    [[header["kid"], "ES256", "P-256", undefined]],
  );
  assert.equal((await me(withPrivateKey.url, user)).status, 200);
  const tokenOfWrongAlgorithm = token(
    { ...header, alg: "HS256" },
    parsed(user.accessToken.split(".")[1] ?? ""),
    publicKey.export({ format: "pem", type: "spki" }).toString(),
  );
  assert.equal((await me(withPrivateKey.url, { accessToken: tokenOfWrongAlgorithm })).status, 401);
  const stranger = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  const body = user.accessToken.split(".").slice(0, 2).join(".");
  const forged = `${body}.${sign("sha256", Buffer.from(body), { key: stranger, dsaEncoding: "ieee-p1363" }).toString("base64url")}`;
  assert.equal((await me(withPrivateKey.url, { accessToken: forged })).status, 401);
  assert.deepEqual(Object.keys(bearer(user)), ["authorization"]);
});

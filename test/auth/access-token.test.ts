import assert from "node:assert/strict";
import { createHmac, generateKeyPairSync, randomUUID, sign } from "node:crypto";
import { before, test } from "node:test";
import { ask } from "../shared/requests/http.ts";
import { bearer, me, register, type SignedIn, sameSecret } from "../shared/requests/people.ts";
import { freshDatabase } from "../shared/servers/database.ts";
import { freshRedis } from "../shared/servers/redis.ts";
import { type Haven, startHaven } from "../support/haven.ts";

const secret = sameSecret.JWT_SECRET;
const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const pem = privateKey.export({ format: "pem", type: "pkcs8" }).toString();

let haven: Haven;
let person: SignedIn;
let good: { header: Record<string, unknown>; payload: Record<string, unknown> };
before(async () => {
  haven = await startHaven({ env: sameSecret });
  person = await register(haven.url);
  const [header = "", payload = ""] = person.accessToken.split(".");
  good = { header: parsed(header), payload: parsed(payload) };
});

const parsed = (part: string) => JSON.parse(Buffer.from(part, "base64url").toString()) as Record<string, unknown>;
const encoded = (value: unknown) =>
  Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");

function token(header: object, payload: unknown, key = secret): string {
  const body = `${encoded(header)}.${encoded(payload)}`;
  return `${body}.${createHmac("sha256", key).update(body).digest("base64url")}`;
}

test("an access token has the documented header and claims", async () => {
  assert.deepEqual(Object.keys(good.header).sort(), ["alg", "kid", "typ"]);
  assert.partialDeepStrictEqual(good.header, { alg: "HS256", typ: "at+jwt" });
  assert.deepEqual(Object.keys(good.payload).sort(), ["aud", "exp", "iat", "iss", "role", "sid", "sub"]);
  assert.partialDeepStrictEqual(good.payload, {
    iss: "haven-api",
    aud: "haven-api",
    sub: person.userId,
    role: "member",
  });
  assert.equal((await me(haven.url, { accessToken: token(good.header, good.payload) })).status, 200);
});

const now = () => Math.floor(Date.now() / 1000);

test("a token of an instance whose clock is twenty seconds ahead is accepted", async () => {
  const payload = { ...good.payload, iat: now() + 20, exp: now() + 620 };
  assert.equal((await me(haven.url, { accessToken: token(good.header, payload) })).status, 200);
});
const bad: readonly (readonly [string, () => string])[] = [
  ["no algorithm", () => `${encoded({ ...good.header, alg: "none" })}.${encoded(good.payload)}.`],
  ["an empty signature", () => `${person.accessToken.split(".").slice(0, 2).join(".")}.`],
  ["two parts", () => person.accessToken.split(".").slice(0, 2).join(".")],
  ["another algorithm", () => token({ ...good.header, alg: "HS512" }, good.payload)],
  ["another secret", () => token(good.header, good.payload, "x".repeat(40))],
  [
    "a public key as the secret",
    () => token(good.header, good.payload, publicKey.export({ format: "pem", type: "spki" }).toString()),
  ],
  ["an end in the past", () => token(good.header, { ...good.payload, exp: now() - 6 })],
  ["no end", () => token(good.header, { ...good.payload, exp: undefined })],
  ["an end that is no number", () => token(good.header, { ...good.payload, exp: "9999999999" })],
  ["a beginning in the future", () => token(good.header, { ...good.payload, iat: now() + 60 })],
  ["another audience", () => token(good.header, { ...good.payload, aud: "other" })],
  ["no audience", () => token(good.header, { ...good.payload, aud: undefined })],
  ["another issuer", () => token(good.header, { ...good.payload, iss: "other" })],
  ["no issuer", () => token(good.header, { ...good.payload, iss: undefined })],
  ["another type", () => token({ ...good.header, typ: "JWT" }, good.payload)],
  ["no type", () => token({ ...good.header, typ: undefined }, good.payload)],
  ["no key id", () => token({ ...good.header, kid: undefined }, good.payload)],
  ["an unknown key id", () => token({ ...good.header, kid: "other" }, good.payload)],
  ["a path as key id", () => token({ ...good.header, kid: "../../../../dev/null" }, good.payload, "")],
  ["SQL as key id", () => token({ ...good.header, kid: "x' UNION SELECT 'y" }, good.payload, "y")],
  ["a key id that every object has", () => token({ ...good.header, kid: "__proto__" }, good.payload)],
  ["jku", () => token({ ...good.header, jku: "http://127.0.0.1/keys" }, good.payload)],
  ["jwk", () => token({ ...good.header, jwk: publicKey.export({ format: "jwk" }) }, good.payload)],
  ["x5u", () => token({ ...good.header, x5u: "http://127.0.0.1/cert" }, good.payload)],
  ["crit", () => token({ ...good.header, crit: ["exp"] }, good.payload)],
  ["a null payload", () => token(good.header, null)],
  ["an array as payload", () => token(good.header, [good.payload])],
  ["a string as payload", () => token(good.header, '"text"')],
  ["a payload that is no JSON", () => token(good.header, "{")],
  ["no subject", () => token(good.header, { ...good.payload, sub: undefined })],
  ["a subject that is no id", () => token(good.header, { ...good.payload, sub: "1 OR 1=1" })],
  ["no session", () => token(good.header, { ...good.payload, sid: undefined })],
  ["an unknown session", () => token(good.header, { ...good.payload, sid: randomUUID() })],
  ["the user of another session", () => token(good.header, { ...good.payload, sub: randomUUID() })],
  ["an unknown role", () => token(good.header, { ...good.payload, role: "root" })],
  ["5 KB", () => token(good.header, { ...good.payload, padding: "x".repeat(4000) })],
  ["nothing", () => ""],
  ["dots only", () => ".."],
  ["a header that is null", () => `${encoded(null)}.${encoded(good.payload)}.x`],
];

for (const [what, make] of bad) {
  test(`a token with ${what} is 401`, async () => {
    const answer = await me(haven.url, { accessToken: make() });
    assert.equal(answer.status, 401, answer.text);
    assert.equal(answer.headers["www-authenticate"], "Bearer");
  });
}

test("a token is accepted until five seconds after its expiry", async () => {
  assert.equal(
    (await me(haven.url, { accessToken: token(good.header, { ...good.payload, exp: now() - 2 }) })).status,
    200,
  );
});

test("an Authorization header with another scheme, or of 20 KB, is rejected", async () => {
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
  const before = await startHaven({ env: { ...env, JWT_SECRET: secret } });
  const user = await register(before.url);
  const after = await startHaven({ env: { ...env, JWT_SECRET: next, JWT_SECRET_PREVIOUS: secret } });
  assert.equal((await me(after.url, user)).status, 200);
  const refreshed = await ask(`${after.url}/api/v1/auth/refresh`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ refreshToken: user.refreshToken }),
  });
  assert.equal(refreshed.status, 200);
  assert.equal(
    (await me(before.url, refreshed.json() as { accessToken: string })).status,
    401,
    "the old instance does not know the new key",
  );
  const cookie = await ask(`${after.url}/api/v1/auth/me`, { headers: { cookie: user.cookie } });
  assert.equal(cookie.status, 200);
  const forgotten = await startHaven({ env: { ...env, JWT_SECRET: next } });
  assert.equal((await me(forgotten.url, user)).status, 401);
});

test("with a private key tokens are ES256 and can be verified with the public keys, and earlier tokens stay valid", async () => {
  const env = { ...sameSecret, DATABASE_URL: await freshDatabase(), REDIS_URL: await freshRedis() };
  const shared = await startHaven({ env });
  const old = await register(shared.url);
  assert.deepEqual((await ask(`${shared.url}/.well-known/jwks.json`)).json(), { keys: [] });
  const elliptic = await startHaven({ env: { ...env, JWT_PRIVATE_KEY: pem.replaceAll("\n", "\\n") } });
  assert.equal((await me(elliptic.url, old)).status, 200);
  const user = await register(elliptic.url);
  const header = parsed(user.accessToken.split(".")[0] ?? "");
  const { keys } = (await ask(`${elliptic.url}/.well-known/jwks.json`)).json() as { keys: Record<string, string>[] };
  assert.equal(header["alg"], "ES256");
  assert.deepEqual(
    keys.map(({ kid, alg, crv, d }) => [kid, alg, crv, d]),
    [[header["kid"], "ES256", "P-256", undefined]],
  );
  assert.equal((await me(elliptic.url, user)).status, 200);
  const tokenOfWrongAlgorithm = token(
    { ...header, alg: "HS256" },
    parsed(user.accessToken.split(".")[1] ?? ""),
    publicKey.export({ format: "pem", type: "spki" }).toString(),
  );
  assert.equal((await me(elliptic.url, { accessToken: tokenOfWrongAlgorithm })).status, 401);
  const stranger = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  const body = user.accessToken.split(".").slice(0, 2).join(".");
  const forged = `${body}.${sign("sha256", Buffer.from(body), { key: stranger, dsaEncoding: "ieee-p1363" }).toString("base64url")}`;
  assert.equal((await me(elliptic.url, { accessToken: forged })).status, 401);
  assert.deepEqual(Object.keys(bearer(user)), ["authorization"]);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  createIssuerKeys,
  maxAgeMs,
  pauseAfterFailureMs,
  pauseAfterSuccessMs,
  refreshMs,
} from "../../src/auth/issuers/issuer-keys.ts";
import { readConfig } from "../../src/config/read-config.ts";
import { eventually } from "../shared/eventually.ts";
import { freePort } from "../shared/free-port.ts";
import { ask, postJson } from "../shared/requests/http.ts";
import { me, sameSecret } from "../shared/requests/people.ts";
import { query } from "../shared/servers/stores/database.ts";
import { audience, newKey, startTestIssuer } from "../shared/servers/test-issuer.ts";
import { aProperty } from "../support/fixtures/property-fixtures.ts";
import { startHaven } from "../support/haven.ts";
import { startProvider } from "./support/oidc-provider.ts";

test("tokens of a real provider create one user for each subject, and are accepted also during an outage of the provider", async () => {
  const provider = await startProvider();
  const env = {
    ...sameSecret,
    TRUSTED_ISSUERS: provider.issuer,
    TRUSTED_AUDIENCE: audience,
    TRUSTED_ADMIN_CLAIM: "groups=haven-admins",
  };
  const haven = await startHaven({ env });
  const [first, second] = [await provider.token(), await provider.token()];
  const answers = await Promise.all([first, second, first].map((accessToken) => me(haven.url, { accessToken })));
  const users = answers.map((answer) => answer.json() as { id: string; name: string; role: string });
  assert.equal(new Set(users.map(({ id }) => id)).size, 1, String(answers[0]?.text));
  assert.partialDeepStrictEqual(users[0], { name: "Release Robot", role: "admin" });

  const headers = { authorization: `Bearer ${first}` };
  assert.equal((await postJson(`${haven.url}/api/v1/properties`, aProperty, headers)).status, 201);
  assert.equal((await ask(`${haven.url}/api/v1/admin/users`, { headers })).status, 200);
  const status = async () => {
    const { checks } = (await ask(`${haven.url}/ready`)).json() as { checks: Record<string, object> };
    return checks["issuer-1"];
  };
  await eventually(status, (check) => JSON.stringify(check) === '{"status":"up","critical":false}');

  await provider.close();
  assert.equal((await me(haven.url, { accessToken: second })).status, 200);
  const logs = JSON.stringify(haven.logs);
  assert.ok(!logs.includes(first) && !logs.includes(second), "tokens are not logged");
});

test("the admin claim of each token sets the role of the user, and a change of the role is in the audit trail", async () => {
  const issuer = await startTestIssuer();
  const env = { ...sameSecret, TRUSTED_ISSUERS: issuer.url, TRUSTED_AUDIENCE: audience };
  const haven = await startHaven({ env: { ...env, TRUSTED_ADMIN_CLAIM: "role=boss" } });
  const roleWith = async (claims: object) => {
    const answer = await me(haven.url, { accessToken: issuer.sign("pat", { claims }) });
    return (answer.json() as { role: string }).role;
  };
  assert.equal(await roleWith({ role: "boss" }), "admin");
  assert.equal(await roleWith({ role: ["x", "boss"] }), "admin");
  assert.equal(await roleWith({ role: "bossy" }), "member");
  assert.equal(await roleWith({}), "member");
  const events = await query(haven.running.parts.addresses.databaseUrl, "SELECT details FROM audit_events");
  assert.deepEqual(events, [{ details: { to: "member", issuer: issuer.url } }]);
});

test("tokens of an issuer that was never available get 503, and its check is down while the instance stays ready", async () => {
  const env = {
    ...sameSecret,
    TRUSTED_ISSUERS: `http://127.0.0.1:${await freePort()}`,
    TRUSTED_AUDIENCE: audience,
    HEALTH_CHECK_INTERVAL: "200",
  };
  const haven = await startHaven({ env });
  const signer = await startTestIssuer();
  const token = signer.sign("pat", { claims: { iss: env.TRUSTED_ISSUERS } });
  const answer = await me(haven.url, { accessToken: token });
  assert.equal(answer.status, 503, answer.text);
  assert.equal(answer.headers["retry-after"], String(pauseAfterFailureMs / 1000));
  const ready = await eventually(
    () => ask(`${haven.url}/ready`),
    ({ text }) => text.includes('"issuer-1":{"status":"down"'),
  );
  assert.equal(ready.status, 200);
  assert.ok(!ready.text.includes("127.0.0.1"), "no host in a public answer");
});

test("the server refreshes the keys of an issuer, finds keys after a rotation, and uses known keys during an outage of up to one day", async () => {
  const issuer = await startTestIssuer();
  let nowMs = 1_000_000;
  const keys = createIssuerKeys({ issuer: issuer.url, allows: () => true, now: () => nowMs });
  assert.ok(await keys.find("key-1"));
  const requests = () => issuer.requests.length;
  assert.equal(requests(), 2);
  await keys.find("key-1");
  assert.equal(requests(), 2, "keys are not requested again before they are old");

  const rotated = newKey("key-2");
  issuer.answer("/jwks", { keys: [issuer.key.jwk, rotated.jwk] });
  nowMs += pauseAfterSuccessMs;
  assert.ok(await keys.find("key-2"), "an unknown id causes a refresh");
  assert.equal(requests(), 4);
  nowMs += refreshMs;
  issuer.answer("/jwks", { keys: [rotated.jwk] });
  assert.ok(await keys.find("key-1"), "the known keys are used during the refresh");
  await eventually(requests, (count) => count === 6);
  await eventually(
    () => keys.find("key-1"),
    (key) => key === undefined,
  );

  issuer.answer(issuer.discoveryPath, undefined);
  nowMs += refreshMs;
  assert.ok(await keys.find("key-2"));
  await assert.rejects(keys.check());
  await assert.rejects(keys.find("key-3"), { code: "unavailable" });
  nowMs += maxAgeMs;
  await assert.rejects(keys.find("key-2"), { code: "unavailable" });
});

test("an unknown key causes a refresh at most once a second, and a failed refresh is repeated after ten seconds", async () => {
  const issuer = await startTestIssuer();
  let nowMs = 1_000_000;
  const keys = createIssuerKeys({ issuer: issuer.url, allows: () => true, now: () => nowMs });
  await keys.find("key-1");
  nowMs += 999;
  assert.equal(await keys.find("key-2"), undefined);
  assert.equal(issuer.requests.length, 2, "no refresh within one second");
  issuer.answer(issuer.discoveryPath, undefined);
  nowMs += 1;
  await assert.rejects(keys.find("key-2"), { code: "unavailable" });
  assert.equal(issuer.requests.length, 3);
  nowMs += 9999;
  await assert.rejects(keys.find("key-2"), { code: "unavailable" });
  assert.equal(issuer.requests.length, 3, "no refresh within ten seconds after a failure");
  nowMs += 1;
  await assert.rejects(keys.find("key-2"), { code: "unavailable" });
  assert.equal(issuer.requests.length, 4);
});

test("TRUSTED_ISSUERS accepts https addresses, and loopback addresses in development; TRUSTED_ISSUERS and TRUSTED_AUDIENCE require each other", () => {
  const services = {
    DATABASE_URL: "postgres://h/d",
    REDIS_URL: "redis://h",
    JWT_SECRET: "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
  };
  const read = (env: Record<string, string>) => () => readConfig({ ...services, ...env });
  const trusted = { TRUSTED_ISSUERS: "https://id.example.com/realms/x", TRUSTED_AUDIENCE: "api" };
  assert.deepEqual(read({ NODE_ENV: "production", ...trusted })().auth.trusted?.issuers, [trusted.TRUSTED_ISSUERS]);
  read({ ...trusted, TRUSTED_ISSUERS: "http://127.0.0.1:3000" })();
  for (const [env, expected] of [
    [{ ...trusted, TRUSTED_ISSUERS: "http://id.example.com" }, /TRUSTED_ISSUERS must be a list/],
    [{ ...trusted, TRUSTED_ISSUERS: "https://a.example,https://a.example" }, /TRUSTED_ISSUERS must be a list/],
    [{ ...trusted, TRUSTED_ISSUERS: "https://user@a.example" }, /TRUSTED_ISSUERS must be a list/],
    [{ ...trusted, NODE_ENV: "production", TRUSTED_ISSUERS: "http://127.0.0.1" }, /TRUSTED_ISSUERS must start/],
    [{ TRUSTED_ISSUERS: "https://a.example" }, /TRUSTED_AUDIENCE is required/],
    [{ TRUSTED_AUDIENCE: "api" }, /TRUSTED_ISSUERS is required/],
    [{ ...trusted, TRUSTED_ADMIN_CLAIM: "admins" }, /TRUSTED_ADMIN_CLAIM must be/],
  ] as const)
    assert.throws(read(env), expected);
});

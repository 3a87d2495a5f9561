import assert from "node:assert/strict";
import { test } from "node:test";
import { ask, postJson } from "../../shared/requests/http.ts";
import { bearer, register, sameSecret } from "../../shared/requests/people.ts";
import { startHavenProcess } from "../../shared/servers/haven-process.ts";
import { slowestAliveProbeMs, startFaultyHaven } from "../../support/faulty-haven.ts";
import { startHaven } from "../../support/haven.ts";
import { startPair } from "../../support/two-instances.ts";

const tryLogin = (url: string, email: string, password: string, address = "203.0.113.7") =>
  postJson(`${url}/api/v1/auth/login`, { email, password }, { "x-forwarded-for": address });

test("attempts on all instances count together, and the eleventh gets 429 with a Retry-After", async () => {
  const [one, two] = await startPair({ AUTH_RATE_LIMIT: "10" });
  const statuses: number[] = [];
  for (let i = 0; i < 10; i += 1)
    statuses.push((await tryLogin((i % 2 === 0 ? one : two).url, `unknown-${i}@example.org`, "wrong")).status);
  assert.deepEqual([...new Set(statuses)], [401]);
  for (const { url } of [one, two]) {
    const refused = await tryLogin(url, "user@example.org", "wrong");
    assert.equal(refused.status, 429);
    assert.equal(refused.headers["content-type"], "application/problem+json");
    const waitSeconds = Number(refused.headers["retry-after"]);
    assert.ok(waitSeconds > 0 && waitSeconds <= 60, `${waitSeconds} s`);
  }
  assert.equal(
    (await tryLogin(one.url, "unknown-0@example.org", "wrong", "198.51.100.1")).status,
    401,
    "another address is not affected",
  );
});

test("failed attempts from another address do not prevent the owner of the account from signing in", async () => {
  const haven = await startHaven({ env: { ...sameSecret, AUTH_RATE_LIMIT: "3" } });
  const owner = await register(haven.url);
  for (let i = 0; i < 20; i += 1) await tryLogin(haven.url, owner.email, "guess", "203.0.113.66");
  assert.equal((await tryLogin(haven.url, owner.email, "guess", "203.0.113.66")).status, 429);
  assert.equal((await tryLogin(haven.url, owner.email, owner.password, "192.0.2.1")).status, 200);
});

test("the addresses of one IPv6 /64 network share a limit", async () => {
  const haven = await startHaven({ env: { ...sameSecret, AUTH_RATE_LIMIT: "2" } });
  const from = (host: number) => tryLogin(haven.url, `user-${host}@example.org`, "wrong", `2001:db8:1:2::${host}`);
  assert.deepEqual([(await from(1)).status, (await from(2)).status, (await from(3)).status], [401, 401, 429]);
  assert.equal((await tryLogin(haven.url, "x@example.org", "wrong", "2001:db8:1:3::1")).status, 401);
});

test("in X-Forwarded-For, a port or invalid text does not bypass the limit of a client", async () => {
  const haven = await startHaven({ env: { ...sameSecret, AUTH_RATE_LIMIT: "2" } });
  const person = await register(haven.url);
  const from = async (address: string) => (await tryLogin(haven.url, "x@example.org", "wrong", address)).status;
  const forms = ["203.0.113.9:1000", "203.0.113.9:1001", "::ffff:203.0.113.9"];
  assert.deepEqual(
    [await from(forms[0] ?? ""), await from(forms[1] ?? ""), await from(forms[2] ?? "")],
    [401, 401, 429],
  );
  assert.deepEqual(
    [await from("[2001:db8::1]:5"), await from("2001:db8::2"), await from("[2001:db8::3]")],
    [401, 401, 429],
  );
  // Invalid texts count as the address of the connection, which has registered once already.
  assert.deepEqual([await from("garbage-1"), await from("garbage<2>")], [401, 429]);
  const sessions = await ask(`${haven.url}/api/v1/auth/sessions`, { headers: bearer(person) });
  assert.partialDeepStrictEqual(sessions.json(), { items: [{ address: "127.0.0.1" }] });
});

test("while Redis is unavailable every login gets 503 with Retry-After, never 429", async () => {
  const haven = await startFaultyHaven({ env: { ...sameSecret, AUTH_RATE_LIMIT: "10" } });
  const person = await register(haven.url);
  await haven.redis.set("refuse");
  for (let attempt = 1; attempt <= 15; attempt += 1) {
    const refused = await tryLogin(haven.url, person.email, person.password);
    assert.equal(refused.status, 503, `attempt ${attempt}: ${refused.text}`);
    assert.ok(Number(refused.headers["retry-after"]) >= 1);
  }
  const change = { currentPassword: person.password, newPassword: "a new long password" };
  for (let attempt = 1; attempt <= 11; attempt += 1) {
    const refused = await postJson(`${haven.url}/api/v1/auth/password`, change, bearer(person));
    assert.equal(refused.status, 503, `password change ${attempt}: ${refused.text}`);
  }
});

test("logins with unknown and known email addresses take the same time, with a tolerance of 20 %", async () => {
  const haven = await startHaven({ env: sameSecret });
  const { email } = await register(haven.url);
  const times: Record<"known" | "unknown", number[]> = { known: [], unknown: [] };
  for (let i = 0; i < 15; i += 1) {
    times.known.push((await tryLogin(haven.url, email, "wrong password")).ms);
    times.unknown.push((await tryLogin(haven.url, `unknown-${i}@example.org`, "wrong password")).ms);
  }
  const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
  const [known, unknown] = [median(times.known), median(times.unknown)];
  // A hash takes about 50 ms on an idle machine. A login that does not hash takes a small part of that.
  assert.ok(Math.abs(known - unknown) < 0.2 * Math.max(known, unknown), `${known} and ${unknown} ms`);
});

test("during 200 concurrent logins the live probe answers within 50 ms", async () => {
  const haven = await startHavenProcess({ env: sameSecret });
  const person = await register(haven.url);
  const flood = async () => {
    const login = () => tryLogin(haven.url, person.email, person.password);
    const answers = await Promise.all(Array.from({ length: 200 }, login));
    const refused = answers.filter(({ status }) => status === 503);
    assert.equal(answers.filter(({ status }) => status === 200).length + refused.length, 200);
    assert.ok(refused.length < 200, "no login succeeded");
    assert.ok(refused.every(({ headers }) => Number(headers["retry-after"]) >= 1));
  };
  // Other load on the machine can only raise the slowest response time of a run, so the test uses the best of three runs.
  let bestMs = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 3 && bestMs >= 50; round += 1)
    bestMs = Math.min(bestMs, await slowestAliveProbeMs(haven.url, flood, haven.pid));
  assert.ok(bestMs < 50, `live took ${bestMs} ms`);
});

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { describe, test } from "node:test";
import {
  bearer,
  login,
  logout,
  me,
  refresh,
  register,
  type SignedIn,
  signedIn,
} from "../../../shared/requests/people.ts";
import { rawToken } from "../../../shared/servers/test-issuer.ts";
import { startAttackedPair } from "../../support/attacked-pair.ts";

// Attacks on sessions, tokens and cookies. They were written from the documentation, without the code.

const { one, two, post, send, signIn, registerAdmin } = await startAttackedPair();

const withCookie = (person: SignedIn, headers: Record<string, string> = {}) => ({ cookie: person.cookie, ...headers });

/** Asserts that each concurrent request either succeeded, or that the server refused its credential. */
const assertServedOrRefused = (answers: readonly { status: number }[]) =>
  assert.ok(
    answers.every(({ status }) => status === 200 || status === 401),
    answers.map(({ status }) => status).join(" "),
  );

async function assertEnded(person: SignedIn, reason: string) {
  for (const { url } of [one, two]) {
    assert.equal((await me(url, person)).status, 401, `access token: ${reason}`);
    assert.equal((await refresh(url, person.refreshToken)).status, 401, `refresh token: ${reason}`);
  }
  assert.equal((await send("GET", "/auth/me", undefined, withCookie(person))).status, 401, `cookie: ${reason}`);
  assert.equal((await send("GET", "/auth/me", undefined, withCookie(person))).status, 401, `cookie: ${reason}`);
}

describe("session fixation", () => {
  test("a sign-in with the cookie of an attacker sets a new cookie, and the cookie of the attacker gives no access to the new session", async () => {
    const [attacker, victim] = [await register(one.url), await register(one.url)];
    for (const planted of [attacker.cookie, `${attacker.cookie.split("=")[0]}=planted-by-an-attacker`]) {
      const after = await login(one.url, victim, { cookie: planted });
      assert.notEqual(after.cookie, planted);
      const answer = await send("GET", "/auth/me", undefined, { cookie: planted });
      if (answer.status === 200) assert.equal((answer.json() as { id: string }).id, attacker.userId);
      else assert.equal(answer.status, 401);
    }
  });

  test("a registration and two sign-ins have different sessions, cookies and tokens", async () => {
    const first = await register(one.url);
    const [second, third] = [await login(one.url, first), await login(two.url, first)];
    const values = [first, second, third].flatMap((session) => [
      session.cookie,
      session.accessToken,
      session.refreshToken,
      session.sessionId,
    ]);
    assert.equal(new Set(values).size, values.length);
  });
});

describe("a refresh token", () => {
  test("that is used by two clients at once has one successor, and a later reuse ends only its session", async () => {
    const person = await register(one.url);
    const other = await login(one.url, person);
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, n) => refresh(n % 2 ? one.url : two.url, person.refreshToken)),
    );
    const successors = new Set(answers.map((answer) => signedIn(answer, person).refreshToken));
    assert.equal(successors.size, 1);
    const next = signedIn(await refresh(one.url, [...successors][0] ?? ""), person);
    assert.equal((await refresh(two.url, person.refreshToken)).status, 401);
    assert.equal((await me(one.url, next)).status, 401, "the session of a replayed token continues");
    assert.equal((await me(two.url, other)).status, 200, "another session of the user ended");
  });

  test("does not keep the session active if it is used during the logout", async () => {
    for (let round = 0; round < 10; round += 1) {
      const person = await register(one.url);
      const [logoutAnswer, ...answers] = await Promise.all([
        logout(one.url, person),
        ...[one, two, one, two].map(({ url }) => refresh(url, person.refreshToken)),
      ]);
      assert.equal(logoutAnswer?.status, 204, logoutAnswer?.text);
      for (const answer of answers.filter(({ status }) => status === 200))
        await assertEnded(signedIn(answer, person), "refreshed during the logout");
    }
  });

  test("is not accepted as an access token, and other secrets are not accepted as a refresh token", async () => {
    const person = await register(one.url);
    const cookie = person.cookie.split("=")[1] ?? "";
    for (const accessToken of [person.refreshToken, cookie, person.sessionId])
      assert.equal((await me(one.url, { accessToken })).status, 401);
    for (const token of [
      person.accessToken,
      cookie,
      person.sessionId,
      `${person.refreshToken}A`,
      person.refreshToken.slice(0, -2),
    ])
      assert.ok([400, 401].includes((await refresh(one.url, token)).status));
    assert.equal((await me(one.url, person)).status, 200, "a guess ended the session");
  });
});

test("a deactivation during sign-ins and refreshes ends all sessions of the account", async () => {
  const admin = await registerAdmin();
  for (let round = 0; round < 6; round += 1) {
    const person = await register(one.url);
    const [deactivation, ...answers] = await Promise.all([
      send("PATCH", `/admin/users/${person.userId}`, { active: false }, bearer(admin)),
      ...[one, two, one].map(() => signIn(person)),
      ...[one, two].map(({ url }) => refresh(url, person.refreshToken)),
    ]);
    assert.equal(deactivation?.status, 200, deactivation?.text);
    assertServedOrRefused(answers);
    for (const answer of answers.filter(({ status }) => status === 200))
      await assertEnded(signedIn(answer, person), "deactivated");
    await assertEnded(person, "deactivated");
    await send("PATCH", `/admin/users/${person.userId}`, { active: true }, bearer(admin));
    for (const answer of answers.filter(({ status }) => status === 200))
      await assertEnded(signedIn(answer, person), "active again");
  }
});

test("a demotion during sign-ins and refreshes removes the role of an administrator from each session", async () => {
  const admin = await registerAdmin();
  for (let round = 0; round < 6; round += 1) {
    const person = await registerAdmin();
    const [demotion, ...answers] = await Promise.all([
      send("PATCH", `/admin/users/${person.userId}`, { role: "member" }, bearer(admin)),
      ...[one, two, one].map(() => signIn(person)),
      ...[one, two].map(({ url }) => refresh(url, person.refreshToken)),
    ]);
    assert.equal(demotion?.status, 200, demotion?.text);
    assertServedOrRefused(answers);
    for (const answer of answers.filter(({ status }) => status === 200)) {
      const session = signedIn(answer, person);
      for (const headers of [bearer(session), withCookie(session)])
        assert.ok(
          [401, 403].includes((await send("GET", "/admin/users", undefined, headers)).status),
          "still an administrator",
        );
    }
  }
});

test("no credential of a deleted account is accepted, also after its address is registered again", async () => {
  const person = await register(one.url);
  const key = (
    (await post("/auth/api-keys", { name: "k", scopes: ["read", "write"] }, bearer(person))).json() as { key: string }
  ).key;
  assert.equal((await send("DELETE", "/auth/me", { currentPassword: "not the password" }, bearer(person))).status, 403);
  assert.ok([400, 403].includes((await send("DELETE", "/auth/me", {}, bearer(person))).status));
  const [deletion, ...inFlight] = await Promise.all([
    send("DELETE", "/auth/me", { currentPassword: person.password }, bearer(person)),
    ...[one, two, one].map(() => signIn(person)),
    ...[one, two].map(({ url }) => refresh(url, person.refreshToken)),
  ]);
  assert.equal(deletion?.status, 204, deletion?.text);
  assertServedOrRefused(inFlight);
  const sessions = [
    person,
    ...inFlight.filter(({ status }) => status === 200).map((answer) => signedIn(answer, person)),
  ];
  for (const session of sessions) await assertEnded(session, "deleted");
  const newAccount = await register(one.url, { email: person.email, password: person.password, name: "Heir" });
  for (const session of sessions) await assertEnded(session, "registered again");
  assert.equal((await me(one.url, { accessToken: key })).status, 401);
  assert.equal((await me(one.url, newAccount)).status, 200);
});

test("a user cannot list or end the sessions of another user", async () => {
  const [victim, attacker] = [await register(one.url), await register(one.url)];
  assert.equal((await send("DELETE", `/auth/sessions/${victim.sessionId}`, undefined, bearer(attacker))).status, 404);
  assert.equal((await send("DELETE", "/auth/sessions", undefined, bearer(attacker))).status, 204);
  assert.equal((await me(two.url, victim)).status, 200);
  const list = await send("GET", "/auth/sessions", undefined, bearer(attacker));
  assert.ok(!list.text.includes(victim.sessionId));
});

test("an access token that was altered, or signed without the key, is refused", async () => {
  const [attacker, victim] = [await register(one.url), await register(one.url)];
  const [head = "", body = "", signature = ""] = attacker.accessToken.split(".");
  const header = JSON.parse(Buffer.from(head, "base64url").toString());
  const claims = JSON.parse(Buffer.from(body, "base64url").toString());
  const hmac = (top: object, inner: object, secret: string) => {
    const unsigned = rawToken(top, inner, "").slice(0, -1);
    return `${unsigned}.${createHmac("sha256", secret).update(unsigned).digest("base64url")}`;
  };
  const forged = [
    rawToken({ ...header, alg: "none" }, { ...claims, sub: victim.userId }, ""),
    rawToken({ ...header, alg: "NoNe" }, claims, signature),
    rawToken(header, { ...claims, sub: victim.userId, sid: victim.sessionId }, signature),
    rawToken(header, { ...claims, role: "admin" }, signature),
    ...["", "secret", "haven-api", String(header.kid)].map((secret) =>
      hmac(header, { ...claims, role: "admin" }, secret),
    ),
    ...["../../dev/null", "__proto__", "", null, 0, ["a"], {}].map((kid) => hmac({ ...header, kid }, claims, "")),
    hmac({ ...header, crit: ["exp"], exp: 1 }, claims, ""),
    `${attacker.accessToken}=`,
    `${attacker.accessToken}.`,
    `${head}.${body}.`,
    `${head}.${body}`,
    ` ${head}.${body} .${signature}`,
    `${attacker.accessToken}, ${victim.accessToken}`,
    "A".repeat(6000),
  ];
  for (const accessToken of forged)
    assert.equal((await me(one.url, { accessToken })).status, 401, accessToken.slice(0, 90));
  assert.equal((await me(one.url, attacker)).status, 200);
});

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { before, test } from "node:test";
import { eventually } from "../../shared/eventually.ts";
import { type Answer, ask } from "../../shared/requests/http.ts";
import { register, sameSecret } from "../../shared/requests/people.ts";
import { type FaultyHaven, startFaultyHaven } from "../../support/faulty-haven.ts";
import { startHaven } from "../../support/haven.ts";

// A page of a sibling domain can set forged cookies with the name of the session cookie. Browsers send cookies with longer
// paths first, so a forged cookie can come before the real one.

let haven: FaultyHaven;
before(async () => {
  // Without the cache, each request looks up its session in Redis.
  const env = { ...sameSecret, REDIS_COMMAND_TIMEOUT_MS: "2000", SESSION_CACHE: "off" };
  haven = await startFaultyHaven({ env });
});

/** Returns well-formed cookies that belong to no session. */
const forged = (count: number, name = "haven_session") =>
  Array.from({ length: count }, () => `${name}=${randomBytes(68).toString("base64url")}`);

const meWithCookies = (url: string, cookies: readonly string[]): Promise<Answer> =>
  ask(`${url}/api/v1/auth/me`, { headers: { cookie: cookies.join("; ") } });

test("forged well-formed cookies of the same name do not lock the user out", async () => {
  const person = await register(haven.url);
  for (const cookies of [
    [...forged(1), person.cookie],
    [person.cookie, ...forged(1)],
    [...forged(3), person.cookie, ...forged(4)],
    [...forged(60), person.cookie, ...forged(8)],
    [...forged(2), "haven_session=nonsense", person.cookie, "haven_session="],
  ]) {
    const answer = await meWithCookies(haven.url, cookies);
    assert.equal(answer.status, 200, `${cookies.length} cookies: ${answer.text}`);
    assert.partialDeepStrictEqual(answer.json(), { email: person.email });
  }
  assert.equal((await meWithCookies(haven.url, forged(5))).status, 401);
});

test("an attacker's session cookie that the browser sends first does not replace the session of the user", async () => {
  const [attacker, owner] = [await register(haven.url), await register(haven.url)];
  const answer = await meWithCookies(haven.url, [attacker.cookie, owner.cookie]);
  assert.partialDeepStrictEqual(answer.json(), { email: owner.email });
});

test("the server looks up at most ten session cookies of a request, in one round trip", async () => {
  const person = await register(haven.url);
  assert.equal((await meWithCookies(haven.url, [person.cookie])).status, 200);
  const sentBefore = haven.redis.sent().length;
  const lookUps = () =>
    haven.redis
      .sent()
      .slice(sentBefore)
      // The keys of the health check do not count.
      .match(/(?<!\{check-[^}]*\}):session:/g)?.length ?? 0;
  // Redis does not reply, so the test sees only the commands of the first round trip.
  await haven.redis.set("hole");
  const response = meWithCookies(haven.url, [...forged(15), person.cookie, ...forged(3)]);
  await eventually(lookUps, (count) => count >= 10);
  const answer = await response;
  assert.equal(answer.status, 503, "a failed look-up does not lead to 401");
  assert.equal(answer.headers["set-cookie"], undefined);
  assert.equal(lookUps(), 10);
  await haven.redis.set("pass");
  await haven.until("redis", "up", 4000);
});

test("in production the cookie has a __Host- name, in responses and in the OpenAPI document", async () => {
  const env = { ...sameSecret, NODE_ENV: "production" };
  const [withDefaultName, withOwnName] = [
    await startHaven({ env }),
    await startHaven({ env: { ...env, SESSION_COOKIE_NAME: "my_session" } }),
  ];
  for (const [{ url }, name] of [
    [withDefaultName, "__Host-haven_session"],
    [withOwnName, "my_session"],
  ] as const) {
    const person = await register(url);
    assert.ok(person.cookie.startsWith(`${name}=`), person.cookie);
    assert.equal((await meWithCookies(url, [...forged(1, name), person.cookie])).status, 200);
    assert.equal((await meWithCookies(url, [person.cookie.replace(name, "haven_session")])).status, 401);
    const { components } = (await ask(`${url}/api/openapi.json`)).json() as {
      components: { securitySchemes: { sessionCookie: { name: string } } };
    };
    assert.equal(components.securitySchemes.sessionCookie.name, name);
    const cleared = await ask(`${url}/api/v1/auth/logout`, { method: "POST", headers: { cookie: person.cookie } });
    const [header = ""] = cleared.headers["set-cookie"] ?? [];
    assert.equal(header, `${name}=; Max-Age=0; Path=/; HttpOnly; SameSite=Lax; Secure`);
  }
});

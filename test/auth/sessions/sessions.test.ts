import assert from "node:assert/strict";
import { before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "../../shared/eventually.ts";
import { ask, postJson } from "../../shared/requests/http.ts";
import { bearer, login, logout, me, newPerson, refresh, register } from "../../shared/requests/people.ts";
import type { Haven } from "../../support/haven.ts";
import { startPair } from "../../support/two-instances.ts";

let one: Haven;
let two: Haven;
before(async () => {
  [one, two] = await startPair();
});

type Session = { id: string; current: boolean; device: string; address: string };
const listSessions = async (url: string, person: { accessToken: string }) =>
  ((await ask(`${url}/api/v1/auth/sessions`, { headers: bearer(person) })).json() as { items: Session[] }).items;

test("a new account gets tokens and a cookie that are valid on every instance", async () => {
  const person = newPerson();
  const answer = await postJson(`${one.url}/api/v1/auth/register`, {
    ...person,
    email: ` ${person.email.toUpperCase()} `,
  });
  assert.equal(answer.status, 201);
  const body = answer.json() as Record<string, unknown>;
  assert.deepEqual(Object.keys(body).sort(), ["accessToken", "expiresIn", "refreshToken", "tokenType", "user"]);
  assert.partialDeepStrictEqual(body, {
    tokenType: "Bearer",
    expiresIn: 600,
    user: { email: person.email, name: person.name, role: "member" },
  });
  assert.doesNotMatch(answer.text, /argon2|hash/i);
  const cookie = answer.headers["set-cookie"]?.[0] ?? "";
  for (const part of [/^haven_session=[A-Za-z0-9_-]+;/, /HttpOnly/, /SameSite=Lax/, /Path=\//])
    assert.match(cookie, part);
  assert.doesNotMatch(cookie, /Secure/);
  const current = await me(two.url, body as { accessToken: string });
  assert.deepEqual([current.status, (current.json() as { email: string }).email], [200, person.email]);
});

test("in production the cookie is Secure", async () => {
  const [secure] = await startPair({ NODE_ENV: "production" }).catch(() => []);
  if (secure === undefined) return assert.fail("did not start");
  const answer = await postJson(`${secure.url}/api/v1/auth/register`, newPerson());
  assert.match(answer.headers["set-cookie"]?.[0] ?? "", /; Secure/);
});

test("an email address can be registered only once, and a refused registration lists its invalid fields", async () => {
  const person = newPerson();
  await register(one.url, person);
  assert.equal((await postJson(`${two.url}/api/v1/auth/register`, person)).status, 409);
  const answer = await postJson(`${one.url}/api/v1/auth/register`, {
    email: "not-an-address",
    password: "short",
    name: "",
    role: "admin",
  });
  const { errors } = answer.json() as { errors: { path: string }[] };
  assert.deepEqual(
    [answer.status, errors.map(({ path }) => path).sort()],
    [400, ["email", "name", "password", "role"]],
  );
});

test("unknown and known addresses get the same response to a wrong password", async () => {
  const person = await register(one.url);
  const known = await postJson(`${one.url}/api/v1/auth/login`, { email: person.email, password: "not the password" });
  const unknown = await postJson(`${one.url}/api/v1/auth/login`, {
    email: "unknown@example.org",
    password: "not the password",
  });
  const withoutRequestId = (text: string) => text.replace(/"requestId":"[^"]+"/, "");
  assert.deepEqual([known.status, withoutRequestId(known.text)], [401, withoutRequestId(unknown.text)]);
  assert.equal(unknown.status, 401);
});

test("logging out ends the session on every instance at once, for the token, the cookie and the refresh token", async () => {
  const person = await register(one.url);
  const answer = await logout(one.url, person);
  assert.equal(answer.status, 204);
  assert.match(answer.headers["set-cookie"]?.[0] ?? "", /haven_session=; Max-Age=0/);
  for (const { url } of [one, two]) {
    assert.equal((await me(url, person)).status, 401);
    assert.equal((await ask(`${url}/api/v1/auth/me`, { headers: { cookie: person.cookie } })).status, 401);
    assert.equal((await refresh(url, person.refreshToken)).status, 401);
  }
});

test("sessions are listed with their details, and can be revoked individually from another instance", async () => {
  const person = await register(one.url);
  const phone = await login(two.url, person, { "user-agent": "Phone 1.0" });
  const sessions = await listSessions(one.url, person);
  assert.equal(sessions.length, 2);
  assert.deepEqual(
    sessions.filter(({ current }) => current).map(({ id }) => id),
    [person.sessionId],
  );
  assert.partialDeepStrictEqual(
    sessions.find(({ id }) => id === phone.sessionId),
    { device: "Phone 1.0", address: "127.0.0.1" },
  );

  const remove = (id: string) =>
    ask(`${two.url}/api/v1/auth/sessions/${id}`, { method: "DELETE", headers: bearer(person) });
  assert.equal((await remove(phone.sessionId)).status, 204);
  assert.equal((await me(one.url, phone)).status, 401);
  assert.equal((await me(one.url, person)).status, 200);
  assert.equal((await remove(phone.sessionId)).status, 404);
  assert.equal((await remove("not-an-id")).status, 400);

  const stranger = await register(one.url);
  assert.equal((await remove(stranger.sessionId)).status, 404);
  assert.equal((await me(one.url, stranger)).status, 200);
});

test("sessions are paginated like every list, newest first, with an ETag", async () => {
  const person = await register(one.url);
  const others = [];
  for (let index = 0; index < 4; index += 1) others.push(await login(one.url, person));
  const read = (query: string, headers = {}) =>
    ask(`${two.url}/api/v1/auth/sessions${query}`, { headers: { ...bearer(person), ...headers } });
  const ids: string[] = [];
  for (let cursor: string | null = ""; cursor !== null; ) {
    const page = await read(`?limit=2${cursor && `&cursor=${cursor}`}`);
    const { items, nextCursor } = page.json() as { items: { id: string }[]; nextCursor: string | null };
    assert.ok(items.length > 0 && items.length <= 2, page.text);
    ids.push(...items.map(({ id }) => id));
    cursor = nextCursor;
  }
  assert.deepEqual(ids, [person, ...others].map(({ sessionId }) => sessionId).reverse());
  const { etag = "" } = (await read("")).headers;
  assert.equal((await read("", { "if-none-match": etag })).status, 304);
  assert.equal((await read("?limit=0")).status, 400);
  assert.equal((await read("?cursor=forged")).status, 400);
});

test("operations without a body reject a body with an unknown field", async () => {
  const person = await register(one.url);
  const send = (method: string, path: string, body: string, type = "application/json") =>
    ask(`${one.url}/api/v1${path}`, {
      method,
      body,
      headers: { ...bearer(person), "content-type": type, "content-length": String(body.length) },
    });
  const refused = await send("POST", "/auth/logout", '{"everywhere":true}');
  assert.deepEqual([refused.status, /everywhere/.test(refused.text)], [400, true]);
  assert.equal((await send("POST", "/auth/logout", "[]")).status, 400);
  assert.equal((await send("DELETE", "/auth/sessions", "x")).status, 400);
  assert.equal((await send("DELETE", "/auth/sessions", "{}", "text/plain")).status, 415);
  assert.equal((await me(one.url, person)).status, 200);
  assert.equal((await send("POST", "/auth/logout", "{}")).status, 204);
});

test("a refresh with a text that is not a refresh token gets 401, whatever its length", async () => {
  const person = await register(one.url);
  for (const token of ["", "x", person.accessToken, "x".repeat(4000)]) {
    assert.equal((await refresh(one.url, token)).status, 401, token.slice(0, 20));
  }
});

test("all other sessions can be revoked in one request", async () => {
  const person = await register(one.url);
  const others = await Promise.all([1, 2, 3].map(() => login(two.url, person)));
  assert.equal(
    (await ask(`${one.url}/api/v1/auth/sessions`, { method: "DELETE", headers: bearer(person) })).status,
    204,
  );
  for (const other of others) assert.equal((await me(two.url, other)).status, 401);
  assert.equal((await me(two.url, person)).status, 200);
});

test("a new password ends all other sessions, and the old password no longer works", async () => {
  const person = await register(one.url);
  const other = await login(two.url, person);
  const change = (currentPassword: string) =>
    postJson(
      `${one.url}/api/v1/auth/password`,
      { currentPassword, newPassword: "a new long password" },
      bearer(person),
    );
  assert.equal((await change("wrong password")).status, 403);
  assert.equal((await change(person.password)).status, 204);
  assert.equal((await me(one.url, person)).status, 200);
  assert.equal((await me(two.url, other)).status, 401);
  assert.equal((await refresh(two.url, other.refreshToken)).status, 401);
  assert.equal(
    (await postJson(`${two.url}/api/v1/auth/login`, { email: person.email, password: person.password })).status,
    401,
  );
  await login(two.url, { email: person.email, password: "a new long password" });
});

test("a login ignores the session cookie of its request and sets a new one", async () => {
  const attacker = await register(one.url);
  const victim = await register(one.url);
  const again = await login(one.url, victim, { cookie: attacker.cookie });
  assert.notEqual(again.cookie, attacker.cookie);
  assert.notEqual(again.cookie, victim.cookie);
  const answer = await ask(`${one.url}/api/v1/auth/me`, { headers: { cookie: again.cookie } });
  assert.partialDeepStrictEqual(answer.json(), { email: victim.email });
});

test("a bearer header, valid or invalid, has precedence over the session cookie", async () => {
  const [a, b] = [await register(one.url), await register(one.url)];
  const both = await ask(`${one.url}/api/v1/auth/me`, { headers: { ...bearer(a), cookie: b.cookie } });
  assert.partialDeepStrictEqual(both.json(), { email: a.email });
  assert.equal(
    (await ask(`${one.url}/api/v1/auth/me`, { headers: { authorization: "Bearer nonsense", cookie: b.cookie } }))
      .status,
    401,
  );
});

test("after 50 concurrent logins the newest 20 sessions are active", async () => {
  const person = await register(one.url);
  const all = await Promise.all(
    Array.from({ length: 50 }, (_, index) => login(index % 2 === 0 ? one.url : two.url, person)),
  );
  const active = (await Promise.all(all.map((session) => me(one.url, session)))).filter(({ status }) => status === 200);
  assert.equal(active.length, 20);
  const activeSession =
    all[(await Promise.all(all.map((session) => me(two.url, session)))).findIndex(({ status }) => status === 200)];
  assert.ok(activeSession !== undefined);
  assert.equal((await listSessions(two.url, activeSession)).length, 20);
});

test("a session ends after its idle time, and at its maximum age in any case", async () => {
  const [short] = await startPair({ SESSION_TTL: "1", SESSION_MAX_AGE: "3" });
  const idle = await register(short.url);
  const busy = await register(short.url);
  const startedAt = performance.now();
  while (performance.now() - startedAt < 2200) {
    assert.equal((await me(short.url, busy)).status, 200);
    await sleep(200);
  }
  assert.equal((await me(short.url, idle)).status, 401);
  await eventually(
    () => me(short.url, busy),
    ({ status }) => status === 401,
    2000,
  );
  assert.equal((await refresh(short.url, busy.refreshToken)).status, 401);
});

test("a logout ends the session also while requests of the session are in flight", async () => {
  const person = await register(one.url);
  const requests = Array.from({ length: 30 }, () => me(two.url, person));
  const ended = logout(one.url, person);
  await Promise.all([...requests, ended]);
  assert.equal((await me(two.url, person)).status, 401);
  assert.equal((await me(one.url, person)).status, 401);
});

test("cookie-authenticated writes are refused from other origins, and allowed from the same origin", async () => {
  const person = await register(one.url);
  const write = (headers: Record<string, string>) =>
    postJson(
      `${one.url}/api/v1/auth/password`,
      { currentPassword: "wrong", newPassword: "a new long password" },
      { cookie: person.cookie, ...headers },
    );
  const host = new URL(one.url).host;
  for (const headers of [
    { "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "same-site" },
    { "sec-fetch-site": "nonsense" },
    { origin: "https://evil.example" },
    { origin: "null" },
    { origin: `https://${host}.evil.example` },
    { "sec-fetch-site": "cross-site", origin: one.url },
  ]) {
    const answer = await write(headers as Record<string, string>);
    assert.deepEqual([answer.status, /origin/.test(answer.text)], [403, true], JSON.stringify(headers));
  }
  for (const headers of [
    {},
    { "sec-fetch-site": "same-origin" },
    { "sec-fetch-site": "none" },
    { origin: one.url },
    { origin: "https://haven.example", host: "HAVEN.example:443" },
  ]) {
    const answer = await write(headers as Record<string, string>);
    assert.match(answer.text, /current password is wrong/, JSON.stringify(headers));
  }
  const read = await ask(`${one.url}/api/v1/auth/me`, {
    headers: { cookie: person.cookie, "sec-fetch-site": "cross-site" },
  });
  assert.equal(read.status, 200);
});

test("pages of another origin may send requests with a token only if CORS_ORIGINS lists the origin", async () => {
  const preflight = (url: string, origin: string) =>
    ask(`${url}/api/v1/auth/me`, { method: "OPTIONS", headers: { origin, "access-control-request-method": "GET" } });
  const closed = await preflight(one.url, "https://app.example");
  assert.deepEqual([closed.status, closed.headers["access-control-allow-origin"]], [405, undefined]);
  const [open] = await startPair({ CORS_ORIGINS: "https://app.example" });
  const allowed = await preflight(open.url, "https://app.example");
  assert.deepEqual([allowed.status, allowed.headers["access-control-allow-origin"]], [204, "https://app.example"]);
  assert.equal(allowed.headers["access-control-allow-credentials"], undefined);
  assert.match(String(allowed.headers["access-control-allow-headers"]), /Idempotency-Key, .*If-Range, .*Range/);
  const refused = await preflight(open.url, "https://evil.example");
  assert.deepEqual([refused.status, refused.headers["access-control-allow-origin"]], [405, undefined]);
  // An OPTIONS request that is not a preflight gets 405. A page of a listed origin can read that response.
  const plain = await ask(`${open.url}/api/v1/auth/me`, {
    method: "OPTIONS",
    headers: { origin: "https://app.example" },
  });
  assert.deepEqual(
    [plain.status, plain.headers.allow, plain.headers["access-control-allow-origin"]],
    [405, "DELETE, GET, HEAD, PATCH", "https://app.example"],
  );
  assert.match(String(plain.headers["access-control-expose-headers"]), /Content-Range, ETag/);
});

test("security events record the client, and are shown to their owner only", async () => {
  const person = await register(one.url);
  await postJson(
    `${one.url}/api/v1/auth/login`,
    { email: person.email, password: "wrong" },
    { "x-request-id": "a-failed-login" },
  );
  await login(two.url, person);
  const events = async (query = "") =>
    (await ask(`${one.url}/api/v1/auth/events${query}`, { headers: bearer(person) })).json() as {
      items: { type: string; requestId: string; id: string }[];
      nextCursor: string | null;
    };
  const { items } = await eventually(events, ({ items }) => items.length === 3);
  assert.deepEqual(items.map(({ type }) => type).sort(), ["login_failed", "login_succeeded", "registered"]);
  assert.ok(items.some(({ requestId }) => requestId === "a-failed-login"));
  const first = await events("?limit=2");
  const secondPage = await events(`?limit=2&cursor=${first.nextCursor}`);
  assert.deepEqual([...first.items, ...secondPage.items], items);
  assert.equal(secondPage.nextCursor, null);
});

import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { retryWindowMs } from "../../../src/sessions/session-store.ts";
import { ask } from "../../shared/requests/http.ts";
import { bearer, login, logout, me, refresh, register } from "../../shared/requests/people.ts";
import { beginSession } from "../../support/fixtures/sessions.ts";
import type { Haven } from "../../support/haven.ts";
import { startPair } from "../../support/two-instances.ts";

let one: Haven;
let two: Haven;
before(async () => {
  [one, two] = await startPair();
});

const successor = (answer: Awaited<ReturnType<typeof refresh>>) =>
  (answer.json() as { refreshToken: string }).refreshToken;

test("20 concurrent refreshes on two instances all get 200 and the same token", async () => {
  const person = await register(one.url);
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, index) => refresh((index % 2 === 0 ? one : two).url, person.refreshToken)),
  );
  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
  assert.equal(new Set(answers.map(successor)).size, 1);
  for (const answer of answers) assert.equal((await me(two.url, answer.json() as { accessToken: string })).status, 200);
  const [first] = answers;
  assert.equal((await refresh(two.url, first ? successor(first) : "")).status, 200);
});

test("a chain of refreshes works on alternating instances, and the cookie stays valid", async () => {
  const person = await register(one.url);
  let token = person.refreshToken;
  for (let i = 0; i < 10; i += 1) {
    const answer = await refresh((i % 2 === 0 ? one : two).url, token);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers["set-cookie"]?.[0]?.split(";")[0], person.cookie);
    token = successor(answer);
  }
  assert.equal((await ask(`${one.url}/api/v1/auth/me`, { headers: { cookie: person.cookie } })).status, 200);
});

test("a reused older token ends its own session only, on every instance", async () => {
  const person = await register(one.url);
  const other = await login(one.url, person);
  const second = successor(await refresh(one.url, person.refreshToken));
  const third = successor(await refresh(one.url, second));
  assert.equal((await refresh(two.url, person.refreshToken)).status, 401);
  assert.equal((await refresh(one.url, third)).status, 401);
  assert.equal((await me(two.url, person)).status, 401);
  assert.equal((await me(two.url, other)).status, 200);
  const events = (await ask(`${one.url}/api/v1/auth/events`, { headers: bearer(other) })).text;
  assert.match(events, /refresh_reused/);
});

// The tests mostly wait, so they run concurrently.
describe("a refresh token", { concurrency: 3 }, () => {
  test("that is the previous one returns the current one for ten seconds, and ends the session afterwards", async () => {
    const [short] = await startPair();
    const person = await register(short.url);
    await refresh(short.url, person.refreshToken);
    await sleep(retryWindowMs - 1000);
    assert.equal((await refresh(short.url, person.refreshToken)).status, 200);
    await sleep(1500);
    assert.equal((await refresh(short.url, person.refreshToken)).status, 401);
    assert.equal((await me(short.url, person)).status, 401);
  });

  test("that is guessed has no effect", async () => {
    const person = await register(one.url);
    const bytes = Buffer.from(person.refreshToken, "base64url");
    for (const offset of [bytes.length - 1, 36, 33]) {
      const guess = Buffer.from(bytes);
      guess.writeUInt8(guess.readUInt8(offset) ^ 1, offset);
      assert.equal((await refresh(one.url, guess.toString("base64url"))).status, 401);
    }
    for (const nonsense of [
      "",
      "x",
      "A".repeat(91),
      `${person.refreshToken}=`,
      person.cookie.split("=")[1] ?? "",
      person.accessToken.slice(0, 190),
    ]) {
      assert.ok([400, 401].includes((await refresh(one.url, nonsense)).status));
    }
    assert.equal((await refresh(one.url, person.refreshToken)).status, 200);
  });

  test("that is used during a revocation never restores the session, in a thousand attempts", async () => {
    const person = await register(one.url);
    let activeSessions = 0;
    let refreshCount = 0;
    for (let round = 0; round < 200; round += 1) {
      // Five sessions at a time. Each is refreshed and revoked at the same moment.
      const sessions = await Promise.all(Array.from({ length: 5 }, () => beginSession(one, person.userId)));
      const results = await Promise.all(
        sessions.map(async (session) => {
          const [refreshed] = await Promise.all([refresh(one.url, session.refreshToken), logout(two.url, session)]);
          return { refreshed, session };
        }),
      );
      for (const { refreshed, session } of results) {
        const tokens =
          refreshed.status === 200 ? (refreshed.json() as { accessToken: string; refreshToken: string }) : session;
        if (refreshed.status === 200) refreshCount += 1;
        if ((await me(one.url, tokens)).status !== 401) activeSessions += 1;
      }
    }
    assert.equal(activeSessions, 0);
    assert.ok(refreshCount > 0, "no refresh was earlier than its revocation, so the test proved nothing");
  });
});

test("a deactivated account gets no new tokens", async () => {
  const person = await register(one.url);
  const { parts } = one.running;
  await parts.db.query("UPDATE users SET active = false WHERE id = $1", [person.userId]);
  assert.equal((await refresh(one.url, person.refreshToken)).status, 401);
});

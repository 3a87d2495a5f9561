import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import type { Answer } from "../shared/requests/http.ts";
import { bearer, me, newPerson, register, type SignedIn } from "../shared/requests/people.ts";
import { query } from "../shared/servers/database.ts";
import { startAttackedPair } from "./support/attacked-pair.ts";

// An intruder has a session. The owner resets the password while requests of the intruder wait for the row of the user.

const { one, two, database, post, send, resetToken, admin } = await startAttackedPair();

/** Runs the requests in this order, each of which waits for the row of the user until all have been sent. */
async function inOrder(userId: string, requests: readonly (() => Promise<Answer>)[]): Promise<Answer[]> {
  const client = new pg.Client({ connectionString: database });
  await client.connect();
  try {
    await client.query("BEGIN");
    await client.query("SELECT FROM users WHERE id = $1 FOR UPDATE", [userId]);
    const answers = [];
    for (const request of requests) {
      answers.push(request());
      await sleep(700);
    }
    await client.query("COMMIT");
    return await Promise.all(answers);
  } finally {
    await client.end();
  }
}

async function resetOf(person: SignedIn): Promise<() => Promise<Answer>> {
  const token = await resetToken(person.email);
  return () => post("/auth/reset-password", { token, newPassword: "a password of the owner" });
}

const newKey = (person: SignedIn) => () => post("/auth/api-keys", { name: "k", scopes: ["read"] }, bearer(person));

test("a change of the address that waits for a reset of the password is refused", async () => {
  const person = await register(one.url);
  const change = () => send("PATCH", "/auth/me", { email: newPerson().email }, bearer(person));
  const [done, refused] = await inOrder(person.userId, [await resetOf(person), change]);
  assert.equal(done?.status, 204, done?.text ?? "");
  assert.equal(refused?.status, 401, refused?.text ?? "");
});

test("a revocation of all other sessions that waits for a reset of the password is refused, and keeps no session", async () => {
  const person = await register(one.url);
  const revoke = () => send("DELETE", "/auth/sessions", undefined, bearer(person));
  const [done, refused] = await inOrder(person.userId, [await resetOf(person), revoke]);
  assert.equal(done?.status, 204, done?.text ?? "");
  assert.equal(refused?.status, 401, refused?.text ?? "");
  const rows = await query(database, "SELECT FROM users WHERE id = $1 AND session_kept IS NULL", [person.userId]);
  assert.equal(rows.length, 1);
});

test("an API key whose creation waits for a reset of the password is not created", async () => {
  const person = await register(one.url);
  const [done, refused] = await inOrder(person.userId, [await resetOf(person), newKey(person)]);
  assert.equal(done?.status, 204, done?.text ?? "");
  assert.equal(refused?.status, 401, refused?.text ?? "");
});

test("an API key whose creation waits for a deactivation does not work after the user is active again", async () => {
  const [boss, person] = [await admin(), await register(one.url)];
  const setActive = (active: boolean) => send("PATCH", `/admin/users/${person.userId}`, { active }, bearer(boss));
  const [done, refused] = await inOrder(person.userId, [() => setActive(false), newKey(person)]);
  assert.equal(done?.status, 200, done?.text ?? "");
  assert.equal((await setActive(true)).status, 200);
  if (refused?.status === 201) {
    const { key } = refused.json() as { key: string };
    assert.equal((await me(two.url, { accessToken: key })).status, 401);
  } else assert.equal(refused?.status, 401, refused?.text ?? "");
});

test("two keys that are created at once do not exceed the maximum of keys", async () => {
  const person = await register(one.url);
  for (let count = 0; count < 48; count += 1) assert.equal((await newKey(person)()).status, 201);
  const answers = await inOrder(
    person.userId,
    Array.from({ length: 4 }, () => newKey(person)),
  );
  assert.deepEqual(answers.map(({ status }) => status).toSorted(), [201, 201, 409, 409]);
});

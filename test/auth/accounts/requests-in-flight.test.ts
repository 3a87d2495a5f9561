import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import type { Answer } from "../../shared/requests/http.ts";
import { bearer, me, newPerson, register, type SignedIn } from "../../shared/requests/people.ts";
import { query } from "../../shared/servers/stores/database.ts";
import { startAttackedPair } from "../support/attacked-pair.ts";

// An intruder has a session. The owner resets the password while requests of the intruder wait for the row of the user.

const { one, two, database, post, send, requestResetToken, registerAdmin } = await startAttackedPair();

/** Sends the requests in this order while the row of the user is locked. Then unlocks the row and returns the answers. */
async function sendWhileUserIsLocked(userId: string, requests: readonly (() => Promise<Answer>)[]): Promise<Answer[]> {
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

async function prepareReset(person: SignedIn): Promise<() => Promise<Answer>> {
  const token = await requestResetToken(person.email);
  return () => post("/auth/reset-password", { token, newPassword: "a password of the owner" });
}

const createKey = (person: SignedIn) => () => post("/auth/api-keys", { name: "k", scopes: ["read"] }, bearer(person));

test("a change of the email address is refused if it waits for a reset of the password", async () => {
  const person = await register(one.url);
  const change = () => send("PATCH", "/auth/me", { email: newPerson().email }, bearer(person));
  const [reset, refused] = await sendWhileUserIsLocked(person.userId, [await prepareReset(person), change]);
  assert.equal(reset?.status, 204, reset?.text ?? "");
  assert.equal(refused?.status, 401, refused?.text ?? "");
});

test("a revocation of all other sessions is refused if it waits for a reset of the password, and no session stays active", async () => {
  const person = await register(one.url);
  const revoke = () => send("DELETE", "/auth/sessions", undefined, bearer(person));
  const [reset, refused] = await sendWhileUserIsLocked(person.userId, [await prepareReset(person), revoke]);
  assert.equal(reset?.status, 204, reset?.text ?? "");
  assert.equal(refused?.status, 401, refused?.text ?? "");
  const rows = await query(database, "SELECT FROM users WHERE id = $1 AND session_kept IS NULL", [person.userId]);
  assert.equal(rows.length, 1);
});

test("the creation of an API key is refused if it waits for a reset of the password", async () => {
  const person = await register(one.url);
  const [reset, refused] = await sendWhileUserIsLocked(person.userId, [await prepareReset(person), createKey(person)]);
  assert.equal(reset?.status, 204, reset?.text ?? "");
  assert.equal(refused?.status, 401, refused?.text ?? "");
});

test("an API key whose creation waits for a deactivation does not work after the user is active again", async () => {
  const [admin, person] = [await registerAdmin(), await register(one.url)];
  const setActive = (active: boolean) => send("PATCH", `/admin/users/${person.userId}`, { active }, bearer(admin));
  const [deactivation, creation] = await sendWhileUserIsLocked(person.userId, [
    () => setActive(false),
    createKey(person),
  ]);
  assert.equal(deactivation?.status, 200, deactivation?.text ?? "");
  assert.equal((await setActive(true)).status, 200);
  if (creation?.status === 201) {
    const { key } = creation.json() as { key: string };
    assert.equal((await me(two.url, { accessToken: key })).status, 401);
  } else assert.equal(creation?.status, 401, creation?.text ?? "");
});

test("API keys that are created at the same time do not exceed the maximum of keys", async () => {
  const person = await register(one.url);
  for (let count = 0; count < 48; count += 1) assert.equal((await createKey(person)()).status, 201);
  const answers = await sendWhileUserIsLocked(
    person.userId,
    Array.from({ length: 4 }, () => createKey(person)),
  );
  assert.deepEqual(answers.map(({ status }) => status).toSorted(), [201, 201, 409, 409]);
});

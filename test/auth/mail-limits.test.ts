import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "../shared/eventually.ts";
import { bearer, login, newPerson, register, type SignedIn } from "../shared/requests/people.ts";
import { query } from "../shared/servers/database.ts";
import { startAttackedPair } from "./support/attacked-pair.ts";

// Mails that an account can send to addresses of strangers.

const { one, mail, database, post, send } = await startAttackedPair();

const change = (person: SignedIn, email: string) => send("PATCH", "/auth/me", { email }, bearer(person));

/** Counts the mails to an address, after the queue is empty. */
async function mailsTo(address: string): Promise<number> {
  const open = "SELECT FROM haven_jobs.job WHERE name = 'mail' AND state < 'completed'";
  await eventually(
    () => query(database, open),
    (rows) => rows.length === 0,
    20_000,
  );
  await sleep(200);
  return mail.received.filter(({ to }) => to.includes(address)).length;
}

test("an account can ask for five changes of its address a day; then it gets 429, and its name can still be changed", async () => {
  const person = await register(one.url);
  await mail.mailTo(person.email);
  const targets = Array.from({ length: 5 }, () => newPerson().email);
  for (const target of targets) assert.equal((await change(person, target)).status, 200);
  const refused = await change(person, newPerson().email);
  assert.equal(refused.status, 429, refused.text);
  const seconds = Number(refused.headers["retry-after"]);
  assert.ok(seconds > 86_000 && seconds <= 86_400, `${seconds}`);
  assert.equal((await send("PATCH", "/auth/me", { name: "Another Name" }, bearer(person))).status, 200);
  assert.equal((await change(person, person.email)).status, 200, "the change cannot be cancelled");
  assert.equal(await mailsTo(person.email), 6, "the registration and five changes");
});

test("an address gets five mails a day at most, whichever accounts ask for it, taken or free", async () => {
  const taken = await register(one.url);
  await mail.mailTo(taken.email);
  const free = newPerson().email;
  for (let count = 0; count < 7; count += 1) {
    const person = await register(one.url);
    for (const target of [taken.email, free]) assert.equal((await change(person, target)).status, 200);
    await mailsTo(free);
  }
  assert.equal(await mailsTo(free), 5);
  assert.ok((await mailsTo(taken.email)) <= 5, `${await mailsTo(taken.email)}`);
});

test("a change of the password does not make more mails to a new address possible", async () => {
  const person = await register(one.url);
  const target = newPerson().email;
  for (let round = 0; round < 4; round += 1) {
    assert.equal((await change(person, target)).status, 200);
    await post("/auth/verify-email/resend", undefined, bearer(person));
    await mailsTo(target);
    const passwords = { currentPassword: `${person.password}`, newPassword: `a password of round ${round}` };
    assert.equal((await post("/auth/password", passwords, bearer(person))).status, 204);
    person.password = passwords.newPassword;
  }
  assert.ok((await mailsTo(target)) <= 5, `${await mailsTo(target)}`);
});

test("an account gets at most five mails a day about changes of its password", async () => {
  const person = await register(one.url);
  for (let round = 0; round < 7; round += 1) {
    const newPassword = `a password of round ${round}`;
    assert.equal(
      (await post("/auth/password", { currentPassword: person.password, newPassword }, bearer(person))).status,
      204,
    );
    person.password = newPassword;
  }
  assert.equal(await mailsTo(person.email), 1 + 5);
  assert.equal((await login(one.url, person)).userId, person.userId);
});

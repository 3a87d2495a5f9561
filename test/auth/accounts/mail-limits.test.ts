import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "../../shared/eventually.ts";
import { bearer, login, newPerson, register, type SignedIn } from "../../shared/requests/people.ts";
import { query } from "../../shared/servers/stores/database.ts";
import { startAttackedPair } from "../support/attacked-pair.ts";

// Limits of the mails that an account can cause to addresses of other people.

const { one, mail, database, post, send } = await startAttackedPair();

const changeAddress = (person: SignedIn, email: string) => send("PATCH", "/auth/me", { email }, bearer(person));

/** Waits until the queue is empty, and returns the number of mails to the address. */
async function countMailsTo(address: string): Promise<number> {
  const queuedMails = "SELECT FROM haven_jobs.job WHERE name = 'mail' AND state < 'completed'";
  await eventually(
    () => query(database, queuedMails),
    (rows) => rows.length === 0,
    20_000,
  );
  await sleep(200);
  return mail.received.filter(({ to }) => to.includes(address)).length;
}

test("an account can request five changes of its email address a day, and the next request gets 429 while the name can still be changed", async () => {
  const person = await register(one.url);
  await mail.mailTo(person.email);
  const targets = Array.from({ length: 5 }, () => newPerson().email);
  for (const target of targets) assert.equal((await changeAddress(person, target)).status, 200);
  const refused = await changeAddress(person, newPerson().email);
  assert.equal(refused.status, 429, refused.text);
  const seconds = Number(refused.headers["retry-after"]);
  assert.ok(seconds > 86_000 && seconds <= 86_400, `${seconds}`);
  assert.equal((await send("PATCH", "/auth/me", { name: "Another Name" }, bearer(person))).status, 200);
  assert.equal((await changeAddress(person, person.email)).status, 200, "the change cannot be cancelled");
  assert.equal(await countMailsTo(person.email), 6, "the registration and five changes");
});

test("an address gets at most five mails a day, however many accounts request it, whether it has an account or not", async () => {
  const taken = await register(one.url);
  await mail.mailTo(taken.email);
  const free = newPerson().email;
  for (let count = 0; count < 7; count += 1) {
    const person = await register(one.url);
    for (const target of [taken.email, free]) assert.equal((await changeAddress(person, target)).status, 200);
    await countMailsTo(free);
  }
  assert.equal(await countMailsTo(free), 5);
  assert.ok((await countMailsTo(taken.email)) <= 5, `${await countMailsTo(taken.email)}`);
});

test("changes of the password do not raise the limit of mails to a new address", async () => {
  const person = await register(one.url);
  const target = newPerson().email;
  for (let round = 0; round < 4; round += 1) {
    assert.equal((await changeAddress(person, target)).status, 200);
    await post("/auth/verify-email/resend", undefined, bearer(person));
    await countMailsTo(target);
    const passwords = { currentPassword: `${person.password}`, newPassword: `a password of round ${round}` };
    assert.equal((await post("/auth/password", passwords, bearer(person))).status, 204);
    person.password = passwords.newPassword;
  }
  assert.ok((await countMailsTo(target)) <= 5, `${await countMailsTo(target)}`);
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
  assert.equal(await countMailsTo(person.email), 1 + 5);
  assert.equal((await login(one.url, person)).userId, person.userId);
});

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { invite } from "../../../src/auth/sign-up/invitations.ts";
import type { Role } from "../../../src/core/role.ts";
import { ask, postJson } from "../../shared/requests/http.ts";
import { bearer, me, newPerson, register, sameSecret, signedIn } from "../../shared/requests/people.ts";
import { startMailServer, tokenIn } from "../../shared/servers/mail-server.ts";
import { asAppRole, freshDatabase, query } from "../../shared/servers/stores/database.ts";
import { type Haven, startHaven } from "../../support/haven.ts";

const mail = await startMailServer();
const database = await freshDatabase();
const settings = {
  ...sameSecret,
  DATABASE_URL: asAppRole(database),
  MAIL_URL: mail.url,
  MAIL_FROM: "no-reply@example.com",
  PUBLIC_URL: "https://app.example.com",
};
const withPolicy = (policy: string) => startHaven({ env: { ...settings, SIGN_UP: policy } });
const open = await withPolicy("open");
const admin = await register(open.url);
const setRole = (person: { userId: string }, role: Role) =>
  query(database, "UPDATE users SET role = $2 WHERE id = $1", [person.userId, role]);
await setRole(admin, "admin");

const sendRegistration = (haven: Haven, person: object) => postJson(`${haven.url}/api/v1/auth/register`, person);

/** Invites an address and returns the token of the mail. */
async function invitationTo(email: string, role: Role = "member", invitedBy = admin.userId): Promise<string> {
  const { db, outbox } = open.running.parts;
  await db.transaction((tx) => invite(tx, outbox, { email, role, invitedBy, language: "en" }));
  return tokenIn(await mail.mailTo(email));
}

describe("SIGN_UP=open", () => {
  test("creates the account at once, and refuses a taken address with 409", async () => {
    const person = newPerson();
    const first = await sendRegistration(open, person);
    assert.equal(first.status, 201);
    assert.equal((first.json() as { user: { emailVerified: boolean } }).user.emailVerified, false);
    assert.equal((await sendRegistration(open, person)).status, 409);
  });

  test("compares addresses without case", async () => {
    const person = newPerson();
    await register(open.url, person);
    assert.equal((await sendRegistration(open, { ...person, email: person.email.toUpperCase() })).status, 409);
    const login = { email: ` ${person.email.toUpperCase()}`, password: person.password };
    assert.equal((await postJson(`${open.url}/api/v1/auth/login`, login)).status, 200);
  });

  test("refuses letters outside ASCII, also those whose lower case is an ASCII letter", async () => {
    for (const email of ["m\u00fcller@example.org", "\u212aate@example.org", "pat@ex\u0430mple.org"])
      assert.equal((await sendRegistration(open, { ...newPerson(), email })).status, 400, email);
  });
});

describe("SIGN_UP=verified", () => {
  test("creates the account with a verified address when the user opens the link", async () => {
    const haven = await withPolicy("verified");
    const person = newPerson();
    const answer = await sendRegistration(haven, person);
    assert.deepEqual([answer.status, answer.text, answer.headers["set-cookie"]], [202, "", undefined]);
    assert.equal((await query(database, "SELECT FROM users WHERE email = $1", [person.email])).length, 0);
    const token = tokenIn(await mail.mailTo(person.email));
    assert.equal((await postJson(`${haven.url}/api/v1/auth/verify-email`, { token })).status, 204);
    assert.equal((await postJson(`${haven.url}/api/v1/auth/verify-email`, { token })).status, 400);
    const login = signedIn(await postJson(`${haven.url}/api/v1/auth/login`, withoutName(person)), person);
    assert.equal(((await me(haven.url, login)).json() as { emailVerified: boolean }).emailVerified, true);
  });

  test("sends a mail without a link if the address already has an account", async () => {
    const haven = await withPolicy("verified");
    const owner = await register(open.url);
    await mail.mailTo(owner.email);
    assert.equal((await sendRegistration(haven, { ...newPerson(), email: owner.email })).status, 202);
    const notice = await mail.mailTo(owner.email, 2);
    assert.match(notice.headers, /already have an account/);
    assert.doesNotMatch(notice.text, /token=/);
  });

  test("sends the link again on request", async () => {
    const haven = await withPolicy("verified");
    const person = newPerson();
    await sendRegistration(haven, person);
    const first = tokenIn(await mail.mailTo(person.email));
    const resend = await postJson(`${haven.url}/api/v1/auth/verify-email/resend`, { email: person.email });
    assert.equal(resend.status, 202);
    const second = tokenIn(await mail.mailTo(person.email, 2));
    assert.notEqual(second, first);
    assert.equal((await postJson(`${haven.url}/api/v1/auth/verify-email`, { token: second })).status, 204);
  });
});

describe("SIGN_UP=invited", () => {
  test("requires the token of an invitation, which is valid once, for its address only, and sets the role", async () => {
    const haven = await withPolicy("invited");
    assert.equal((await sendRegistration(haven, newPerson())).status, 403);
    const person = newPerson();
    const invitationToken = await invitationTo(person.email, "admin");
    assert.equal((await sendRegistration(haven, { ...newPerson(), invitationToken })).status, 400);
    assert.equal((await sendRegistration(haven, { ...person, invitationToken: "wrong" })).status, 400);
    const answer = await sendRegistration(haven, { ...person, invitationToken });
    assert.equal(answer.status, 201, answer.text);
    const { user } = answer.json() as { user: { role: string; emailVerified: boolean } };
    assert.deepEqual([user.role, user.emailVerified], ["admin", true]);
    await query(database, "DELETE FROM users WHERE email = $1", [person.email]);
    assert.equal((await sendRegistration(haven, { ...person, invitationToken })).status, 400);
  });

  test("opens one account when ten requests race with one token", async () => {
    const haven = await withPolicy("invited");
    const person = newPerson();
    const invitationToken = await invitationTo(person.email);
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => sendRegistration(haven, { ...person, invitationToken })),
    );
    assert.equal(answers.filter(({ status }) => status === 201).length, 1);
    assert.ok(answers.every(({ status }) => [201, 400, 409].includes(status)));
  });

  test("does not accept an invitation of a former administrator", async () => {
    const haven = await withPolicy("invited");
    const sender = await register(open.url);
    await setRole(sender, "admin");
    const [first, second] = [newPerson(), newPerson()];
    const tokens = [
      await invitationTo(first.email, "admin", sender.userId),
      await invitationTo(second.email, "admin", sender.userId),
    ];
    await setRole(sender, "member");
    assert.equal((await sendRegistration(haven, { ...first, invitationToken: tokens[0] })).status, 400);
    await query(database, "DELETE FROM users WHERE id = $1", [sender.userId]);
    assert.equal((await sendRegistration(haven, { ...second, invitationToken: tokens[1] })).status, 400);
  });

  test("does not accept an invitation that has expired", async () => {
    const haven = await withPolicy("invited");
    const person = newPerson();
    const invitationToken = await invitationTo(person.email);
    await query(database, "UPDATE invitations SET expires_at = now() WHERE email = $1", [person.email]);
    assert.equal((await sendRegistration(haven, { ...person, invitationToken })).status, 400);
  });
});

test("SIGN_UP=closed refuses every registration", async () => {
  const haven = await withPolicy("closed");
  const person = newPerson();
  assert.equal((await sendRegistration(haven, person)).status, 403);
  const invitationToken = await invitationTo(person.email);
  assert.equal((await sendRegistration(haven, { ...person, invitationToken })).status, 403);
});

describe("a change of the email address", () => {
  const change = (person: { accessToken: string }, body: object, headers = {}) =>
    ask(`${open.url}/api/v1/auth/me`, {
      method: "PATCH",
      headers: { "content-type": "application/json", ...bearer(person), ...headers },
      body: JSON.stringify(body),
    });
  const stateOf = async (person: { accessToken: string }) =>
    (await me(open.url, person)).json() as { email: string; pendingEmail: string | null; name: string };

  test("replaces the former address when it is verified, and the former address gets a mail", async () => {
    const person = await register(open.url);
    const { email } = newPerson();
    assert.equal((await change(person, { email, name: "Another Name" })).status, 200);
    const before = await stateOf(person);
    assert.deepEqual([before.email, before.pendingEmail, before.name], [person.email, email, "Another Name"]);
    const token = tokenIn(await mail.mailTo(email));
    assert.equal((await postJson(`${open.url}/api/v1/auth/verify-email`, { token })).status, 204);
    const after = await stateOf(person);
    assert.deepEqual([after.email, after.pendingEmail], [email, null]);
    // Three mails to this address: to verify it, that a change was requested, and that the address has changed.
    assert.match((await mail.mailTo(person.email, 3)).headers, /has\s+changed/);
    assert.equal((await postJson(`${open.url}/api/v1/auth/login`, { email, password: person.password })).status, 200);
  });

  test("with an outdated If-Match gets 412", async () => {
    const person = await register(open.url);
    const { etag = "" } = (await me(open.url, person)).headers;
    assert.equal((await change(person, { name: "One" }, { "if-match": etag })).status, 200);
    assert.equal((await change(person, { name: "Two" }, { "if-match": etag })).status, 412);
  });

  test("is cancelled by a change of the password", async () => {
    const person = await register(open.url);
    const { email } = newPerson();
    await change(person, { email });
    const token = tokenIn(await mail.mailTo(email));
    const passwords = { currentPassword: person.password, newPassword: "a password of the owner" };
    assert.equal((await postJson(`${open.url}/api/v1/auth/password`, passwords, bearer(person))).status, 204);
    assert.equal((await postJson(`${open.url}/api/v1/auth/verify-email`, { token })).status, 400);
    assert.equal((await stateOf(person)).pendingEmail, null);
  });

  test("to the address of another account gets the same response as other changes, and has no effect", async () => {
    const [person, other] = [await register(open.url), await register(open.url)];
    await mail.mailTo(other.email);
    const answer = await change(person, { email: other.email });
    assert.equal(answer.status, 200);
    assert.doesNotMatch((await mail.mailTo(other.email, 2)).text, /token=/);
  });
});

test("if a stranger has registered an address, a password reset by its owner revokes the API keys and cancels the address change of the stranger", async () => {
  const stranger = await register(open.url);
  await mail.mailTo(stranger.email);
  const key = await postJson(
    `${open.url}/api/v1/auth/api-keys`,
    { name: "kept by the stranger", scopes: ["read"] },
    bearer(stranger),
  );
  assert.equal(key.status, 201, key.text);
  const { email } = newPerson();
  await ask(`${open.url}/api/v1/auth/me`, {
    method: "PATCH",
    headers: { "content-type": "application/json", ...bearer(stranger) },
    body: JSON.stringify({ email }),
  });
  const verify = tokenIn(await mail.mailTo(email));
  await postJson(`${open.url}/api/v1/auth/forgot-password`, { email: stranger.email });
  const token = tokenIn(await mail.mailTo(stranger.email, 3));
  const reset = { token, newPassword: "a password of the real owner" };
  assert.equal((await postJson(`${open.url}/api/v1/auth/reset-password`, reset)).status, 204);
  const { key: secret } = key.json() as { key: string };
  assert.equal((await me(open.url, { accessToken: secret })).status, 401);
  assert.equal((await postJson(`${open.url}/api/v1/auth/verify-email`, { token: verify })).status, 400);
});

function withoutName({ email, password }: { email: string; password: string }) {
  return { email, password };
}

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Answer, ask, postJson } from "../../shared/requests/http.ts";
import { bearer, me, newPerson, register, type SignedIn, sameSecret } from "../../shared/requests/people.ts";
import { startMailServer, tokenIn } from "../../shared/servers/mail-server.ts";
import { asAppRole, freshDatabase, query } from "../../shared/servers/stores/database.ts";
import { startHaven } from "../../support/haven.ts";

// Attacks with the input of operations on accounts: variants of an address, hostile texts, and tokens in wrong places.

const mail = await startMailServer();
const database = await freshDatabase();
const haven = await startHaven({
  env: {
    ...sameSecret,
    DATABASE_URL: asAppRole(database),
    MAIL_URL: mail.url,
    MAIL_FROM: "no-reply@example.com",
    PUBLIC_URL: "https://app.example.com",
    LOG_LEVEL: "trace",
  },
});
const auth = `${haven.url}/api/v1/auth`;

const patchMe = (person: Pick<SignedIn, "accessToken">, body: object): Promise<Answer> =>
  ask(`${auth}/me`, {
    method: "PATCH",
    headers: { "content-type": "application/json", ...bearer(person) },
    body: JSON.stringify(body),
  });

test("an address is the same account in upper and lower case, and mails go to the address in lower case", async () => {
  const person = { ...newPerson(), email: `Mixed.Case-${process.pid}@Example.ORG` };
  const stored = person.email.toLowerCase();
  await register(haven.url, person);
  await mail.mailTo(stored);
  for (const email of [stored, stored.toUpperCase(), ` ${person.email} `]) {
    assert.equal((await postJson(`${auth}/register`, { ...person, email })).status, 409, email);
    assert.equal((await postJson(`${auth}/login`, { email, password: person.password })).status, 200, email);
  }
  assert.equal((await postJson(`${auth}/forgot-password`, { email: stored.toUpperCase() })).status, 202);
  const { to } = await mail.mailTo(stored, 2);
  assert.deepEqual(to, [stored]);
});

test("every operation refuses addresses with letters that look like ASCII letters, or that a conversion turns into ASCII letters", async () => {
  const person = await register(haven.url);
  const [local = "", domain = ""] = person.email.split("@");
  const variants = [
    `${local}@${domain.replace("e", "\u0435")}`,
    `\u212a${local}@${domain}`,
    `${local}\u0131@${domain}`,
    `\u0130${local}@${domain}`,
    `${local}\uff20${domain}`,
    `${local}@${domain}\u3002`,
    `${local}\u200b@${domain}`,
    `${local}\ufb01@${domain}`,
    `\u202e${person.email}`,
  ];
  const { password, name } = newPerson();
  for (const email of variants)
    for (const answer of [
      await postJson(`${auth}/register`, { email, password, name }),
      await postJson(`${auth}/login`, { email, password }),
      await postJson(`${auth}/forgot-password`, { email }),
      await postJson(`${auth}/verify-email/resend`, { email }),
      await patchMe(person, { email }),
    ])
      assert.equal(answer.status, 400, `${JSON.stringify(email)}: ${answer.text}`);
});

test("every operation without a sign-in refuses NUL, lone surrogates, objects, lists and a megabyte of text", async () => {
  const values = ["\u0000", "a\u0000@example.org", "\ud800", { deep: [[[[]]]] }, ["x"], "x".repeat(1_000_000)];
  const operations = [
    ["register", { email: "x@example.org", password: "a long password", name: "X", invitationToken: "x" }],
    ["login", { email: "x@example.org", password: "a long password" }],
    ["forgot-password", { email: "x@example.org" }],
    ["reset-password", { token: "x", newPassword: "a long password" }],
    ["verify-email", { token: "x" }],
    ["verify-email/resend", { email: "x@example.org" }],
    ["refresh", { refreshToken: "x" }],
  ] as const;
  for (const [path, body] of operations)
    for (const field of Object.keys(body))
      for (const value of values) {
        const answer = await postJson(`${auth}/${path}`, { ...body, [field]: value });
        const isSecret = field === "password" || field === "newPassword";
        const allowed = path === "refresh" || isSecret ? [400, 401, 413] : [400, 413];
        assert.ok(allowed.includes(answer.status), `${path} ${field}: ${answer.status} ${answer.text.slice(0, 200)}`);
        assert.ok(answer.text.length < 20_000);
      }
});

test("a token of a mail has no effect in a query, header or cookie, and is not logged", async () => {
  const person = await register(haven.url);
  const token = tokenIn(await mail.mailTo(person.email));
  const referer = `https://app.example.com/verify-email?token=${token}`;
  for (const [method, path, headers] of [
    ["GET", `/verify-email?token=${token}`, {}],
    ["GET", "/me", { referer, authorization: `Bearer ${token}` }],
    ["GET", "/me", { referer, cookie: `haven_session=${token}` }],
    ["POST", `/verify-email?token=${token}`, { "content-type": "application/json" }],
  ] as const) {
    const body = method === "POST" ? { body: "{}" } : {};
    const answer = await ask(`${auth}${path}`, { method, headers, ...body });
    assert.ok(answer.status >= 400 && answer.status < 500, `${method} ${path}: ${answer.status}`);
    assert.ok(!answer.text.includes(token), "the problem does not contain the token");
  }
  assert.equal((await postJson(`${auth}/verify-email`, { token }, { referer })).status, 204);
  assert.ok(!JSON.stringify(haven.logs).includes(token));
});

test("the links of a deleted account have no effect, also on a later account with the same address", async () => {
  const person = await register(haven.url);
  const verify = tokenIn(await mail.mailTo(person.email));
  await postJson(`${auth}/forgot-password`, { email: person.email });
  const reset = tokenIn(await mail.mailTo(person.email, 2));
  const deletion = await ask(`${auth}/me`, {
    method: "DELETE",
    headers: { "content-type": "application/json", ...bearer(person) },
    body: JSON.stringify({ currentPassword: person.password }),
  });
  assert.equal(deletion.status, 204, deletion.text);
  await register(haven.url, { ...newPerson(), email: person.email });
  assert.equal((await postJson(`${auth}/verify-email`, { token: verify })).status, 400);
  const newPassword = "a password of the former owner";
  assert.equal((await postJson(`${auth}/reset-password`, { token: reset, newPassword })).status, 400);
});

test("a reset refuses the address and the name of the user as the new password", async () => {
  const person = { ...newPerson(), name: "Penelope Example" };
  await register(haven.url, person);
  await mail.mailTo(person.email);
  await postJson(`${auth}/forgot-password`, { email: person.email });
  const token = tokenIn(await mail.mailTo(person.email, 2));
  for (const newPassword of [person.email.toUpperCase(), "penelope example", `${person.email.split("@")[0]}`]) {
    const answer = await postJson(`${auth}/reset-password`, { token, newPassword });
    assert.equal(answer.status, 400, newPassword);
    assert.match(answer.text, /must not be your name/);
  }
  const newPassword = "nothing about the person";
  assert.equal((await postJson(`${auth}/reset-password`, { token, newPassword })).status, 204);
});

test("a deactivated user gets no mail, and earlier links have no effect", async () => {
  const person = await register(haven.url);
  const verify = tokenIn(await mail.mailTo(person.email));
  await query(database, "UPDATE users SET active = false WHERE id = $1", [person.userId]);
  for (const path of ["forgot-password", "verify-email/resend"])
    assert.equal((await postJson(`${auth}/${path}`, { email: person.email })).status, 202);
  assert.equal((await postJson(`${auth}/verify-email`, { token: verify })).status, 400);
  assert.equal((await me(haven.url, person)).status, 401);
  // Waits for a later mail to another user. A mail to the deactivated user would have arrived before this mail.
  const other = await register(haven.url);
  await mail.mailTo(other.email);
  assert.equal(mail.received.filter(({ to }) => to.includes(person.email)).length, 1);
});

test("a flood of registrations for the address of an account sends its owner at most five mails", async () => {
  const owner = await register(haven.url);
  const verified = await startHaven({
    env: {
      ...sameSecret,
      DATABASE_URL: asAppRole(database),
      MAIL_URL: mail.url,
      MAIL_FROM: "no-reply@example.com",
      PUBLIC_URL: "https://app.example.com",
      SIGN_UP: "verified",
    },
  });
  const { password, name } = newPerson();
  for (let count = 0; count < 8; count += 1) {
    const answer = await postJson(`${verified.url}/api/v1/auth/register`, { email: owner.email, password, name });
    assert.equal(answer.status, 202, answer.text);
  }
  const other = newPerson();
  await postJson(`${verified.url}/api/v1/auth/register`, other);
  await mail.mailTo(other.email);
  await verified.stop();
  await haven.stop();
  const notices = mail.received.filter(
    ({ to, text }) => to.includes(owner.email) && /already have an account/.test(text),
  );
  assert.ok(notices.length >= 1 && notices.length <= 5, `${notices.length} mails`);
});

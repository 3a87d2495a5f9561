import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Answer, ask, postJson } from "../../shared/requests/http.ts";
import { bearer, login, me, newPerson, refresh, register, sameSecret } from "../../shared/requests/people.ts";
import { linkIn, startMailServer, tokenIn } from "../../shared/servers/mail-server.ts";
import { asAppRole, freshDatabase, query } from "../../shared/servers/stores/database.ts";
import { startHaven } from "../../support/haven.ts";
import { startPair } from "../../support/two-instances.ts";

// Attacks on the mails and tokens of accounts. They were written before the code.

const publicUrl = "https://app.example.com/account";
const mail = await startMailServer();
const database = await freshDatabase();
const env = {
  DATABASE_URL: asAppRole(database),
  MAIL_URL: mail.url,
  MAIL_FROM: "Haven <no-reply@example.com>",
  PUBLIC_URL: publicUrl,
  LOG_LEVEL: "trace",
};
const [one, two] = await startPair(env);
const auth = `${one.url}/api/v1/auth`;

const requestReset = (email: string, headers: Record<string, string> = {}) =>
  postJson(`${auth}/forgot-password`, { email }, headers);
const reset = (url: string, token: string, newPassword: string) =>
  postJson(`${url}/api/v1/auth/reset-password`, { token, newPassword });
const signInStatus = async (email: string, password: string) =>
  (await postJson(`${auth}/login`, { email, password })).status;

/** Registers an account, skips its verification mail, and returns a reset token for it. */
async function registerWithResetToken() {
  const person = await register(one.url);
  await mail.mailTo(person.email);
  assert.equal((await requestReset(person.email)).status, 202);
  return { person, token: tokenIn(await mail.mailTo(person.email, 2)) };
}

describe("a reset token", () => {
  test("can be used only once", async () => {
    const { person, token } = await registerWithResetToken();
    assert.equal((await reset(one.url, token, "a first new password")).status, 204);
    const second = await reset(two.url, token, "a second new password");
    assert.equal(second.status, 400, second.text);
    assert.equal(await signInStatus(person.email, "a first new password"), 200);
    assert.equal(await signInStatus(person.email, "a second new password"), 401);
  });

  test("sets exactly one password if 20 requests on two instances use it at the same time", async () => {
    const { person, token } = await registerWithResetToken();
    const passwords = Array.from({ length: 20 }, (_, index) => `a racing password ${index}`);
    const answers = await Promise.all(
      passwords.map((password, index) => reset(index % 2 === 0 ? one.url : two.url, token, password)),
    );
    const winners = passwords.filter((_, index) => answers[index]?.status === 204);
    assert.equal(winners.length, 1, answers.map(({ status }) => status).join(" "));
    assert.ok(answers.every(({ status }) => [204, 400, 503].includes(status)));
    assert.equal(await signInStatus(person.email, winners[0] ?? ""), 200);
  });

  test("ends every session on every instance, also for cookies and refresh tokens", async () => {
    const { person, token } = await registerWithResetToken();
    const other = await login(two.url, person);
    assert.equal((await reset(one.url, token, "a new password for all")).status, 204);
    for (const session of [person, other]) {
      assert.equal((await me(two.url, session)).status, 401);
      assert.equal((await refresh(two.url, session.refreshToken)).status, 401);
      assert.equal((await ask(`${two.url}/api/v1/auth/me`, { headers: { cookie: session.cookie } })).status, 401);
    }
  });

  test("invalidates the other reset tokens of its account when it is used", async () => {
    const { person, token } = await registerWithResetToken();
    await requestReset(person.email);
    const later = tokenIn(await mail.mailTo(person.email, 3));
    assert.equal((await reset(one.url, later, "a password by the later token")).status, 204);
    assert.equal((await reset(one.url, token, "a password by the older token")).status, 400);
  });

  test("is invalid after the password was changed", async () => {
    const { person, token } = await registerWithResetToken();
    const change = { currentPassword: person.password, newPassword: "changed by the owner" };
    assert.equal((await postJson(`${auth}/password`, change, bearer(person))).status, 204);
    assert.equal((await reset(one.url, token, "a password of the attacker")).status, 400);
  });

  test("is invalid after a change of the email address", async () => {
    const { person, token } = await registerWithResetToken();
    const { email } = newPerson();
    const change = await ask(`${auth}/me`, {
      method: "PATCH",
      headers: { "content-type": "application/json", ...bearer(person) },
      body: JSON.stringify({ email }),
    });
    assert.equal(change.status, 200, change.text);
    const verify = tokenIn(await mail.mailTo(email));
    assert.equal((await postJson(`${auth}/verify-email`, { token: verify })).status, 204);
    assert.equal((await reset(one.url, token, "a password of the attacker")).status, 400);
  });

  test("is invalid once it has expired", async () => {
    const { person, token } = await registerWithResetToken();
    await query(database, "UPDATE account_tokens SET expires_at = now() WHERE user_id = $1", [person.userId]);
    assert.equal((await reset(one.url, token, "a password that comes late")).status, 400);
    assert.equal(await signInStatus(person.email, person.password), 200);
  });

  test("expires after 30 minutes", async () => {
    const { person } = await registerWithResetToken();
    const [row] = await query<{ minutes: number }>(
      database,
      "SELECT extract(epoch FROM max(expires_at) - now()) ::float8 / 60 AS minutes FROM account_tokens WHERE user_id = $1 AND purpose = 'reset-password'",
      [person.userId],
    );
    const minutes = row?.minutes ?? 0;
    assert.ok(minutes > 25 && minutes <= 30, `${minutes}`);
  });

  test("does not verify an address, and a verification token does not reset a password", async () => {
    const person = await register(one.url);
    const verification = tokenIn(await mail.mailTo(person.email));
    await requestReset(person.email);
    const resetToken = tokenIn(await mail.mailTo(person.email, 2));
    assert.equal((await postJson(`${auth}/verify-email`, { token: resetToken })).status, 400);
    assert.equal((await reset(one.url, verification, "a password by the wrong token")).status, 400);
    assert.equal((await postJson(`${auth}/verify-email`, { token: verification })).status, 204);
    assert.equal((await reset(one.url, resetToken, "a password by the right token")).status, 204);
  });

  test("does not change the password of a deactivated account", async () => {
    const { person, token } = await registerWithResetToken();
    await query(database, "UPDATE users SET active = false WHERE id = $1", [person.userId]);
    assert.equal((await reset(one.url, token, "a password of the dismissed")).status, 400);
    assert.equal(await signInStatus(person.email, "a password of the dismissed"), 401);
  });

  test("stays valid if the new password is refused", async () => {
    const { token } = await registerWithResetToken();
    assert.equal((await reset(one.url, token, "short")).status, 400);
    assert.equal((await reset(one.url, token, "a long enough password")).status, 204);
  });

  test("has at least 128 random bits, and a malformed token gets 400", async () => {
    const { token } = await registerWithResetToken();
    assert.ok(token.length >= 22, token);
    for (const malformed of ["", "x", token.toUpperCase(), `${token} `, `${token}\u0000`, "%00", "a".repeat(10_000)])
      assert.equal((await reset(one.url, malformed, "a password without a token")).status, 400);
    for (const malformed of [[token], { $ne: null }, null, 1, true])
      assert.equal(
        (await postJson(`${auth}/reset-password`, { token: malformed, newPassword: "a new password" })).status,
        400,
      );
  });
});

describe("links in mails", () => {
  test("start with PUBLIC_URL, whatever host the request names", async () => {
    const hostile = [
      { host: "evil.example" },
      { "x-forwarded-host": "evil.example", "x-forwarded-proto": "http" },
      { forwarded: "host=evil.example;proto=http" },
      { "x-host": "evil.example", "x-original-host": "evil.example", "x-forwarded-server": "evil.example" },
      { origin: "https://evil.example", referer: "https://evil.example/" },
    ];
    for (const headers of hostile) {
      const person = await register(one.url);
      await mail.mailTo(person.email);
      assert.equal((await requestReset(person.email, headers)).status, 202);
      const received = await mail.mailTo(person.email, 2);
      assert.ok(linkIn(received).href.startsWith(`${publicUrl}/`), linkIn(received).href);
      assert.doesNotMatch(received.raw, /evil/);
    }
  });
});

describe("the recipients and headers of a mail", () => {
  test("contain nothing that an address or a name injects", async () => {
    const addresses = [
      "victim@example.org\r\nBcc: evil@example.net",
      "victim@example.org,evil@example.net",
      "victim@example.org evil@example.net",
      "<victim@example.org>",
      '"x" <evil@example.net>',
      "evil@example.net:victim@example.org",
      "victim@example.org;evil@example.net",
    ];
    for (const email of addresses) assert.equal((await requestReset(email)).status, 400, email);
    const person = { ...newPerson(), name: "Pat\r\nBcc: evil@example.net" };
    const answer = await postJson(`${auth}/register`, person);
    if (answer.status === 201) {
      const { headers, to } = await mail.mailTo(person.email);
      assert.deepEqual(to, [person.email]);
      assert.doesNotMatch(headers, /^bcc:/im);
    } else assert.equal(answer.status, 400);
    for (const { to } of mail.received) assert.ok(to.every((address) => !address.includes("evil")));
  });

  test("are those of the account if a stranger enters an address that looks similar", async () => {
    const name = `mike-${process.pid}`;
    const person = { ...newPerson(), email: `${name}@example.org` };
    await register(one.url, person);
    await mail.mailTo(person.email);
    for (const lookAlike of [
      `m\u0131ke-${process.pid}@example.org`,
      `\uff4dike-${process.pid}@example.org`,
      `${name}@example.o\u0280g`,
    ])
      assert.ok([202, 400].includes((await requestReset(lookAlike)).status));
    await requestReset(person.email);
    await mail.mailTo(person.email, 2);
    assert.ok(mail.received.every(({ to }) => to.every((address) => /^[ -~]+$/.test(address))));
  });

  test("contain no markup from the name of the user", async () => {
    const person = { ...newPerson(), name: '<a href="https://evil.example">Click</a>' };
    await register(one.url, person);
    assert.doesNotMatch((await mail.mailTo(person.email)).raw, /<a href="https:\/\/evil/);
  });
});

const comparable = ({ status, headers, text }: Answer) => {
  const { date: _date, "x-request-id": _id, ...comparableHeaders } = headers;
  return { status, headers: comparableHeaders, text: text.replace(/"requestId":"[^"]*"/, "") };
};

describe("a stranger cannot find out whether an address has an account", () => {
  test("from the request to reset a password: known, unknown and deactivated addresses get the same answer", async () => {
    const known = await register(one.url);
    const deactivated = await register(one.url);
    await query(database, "UPDATE users SET active = false WHERE id = $1", [deactivated.userId]);
    const answers = [];
    for (const email of [known.email, deactivated.email, newPerson().email])
      answers.push(comparable(await requestReset(email)));
    assert.equal(answers[0]?.status, 202);
    assert.deepEqual(answers[1], answers[0]);
    assert.deepEqual(answers[2], answers[0]);
    await mail.mailTo(known.email, 2);
  });

  test("from the limit of attempts: it counts for unknown addresses too", async () => {
    const limited = await startHaven({ env: { ...env, ...sameSecret, AUTH_RATE_LIMIT: "3" } });
    const known = await register(one.url);
    const countUntil429 = async (email: string, from: string) => {
      for (let count = 0; count < 20; count += 1) {
        const answer = await postJson(
          `${limited.url}/api/v1/auth/forgot-password`,
          { email },
          { "x-forwarded-for": from },
        );
        if (answer.status === 429) return count;
      }
      return -1;
    };
    assert.equal(await countUntil429(known.email, "192.0.2.1"), await countUntil429(newPerson().email, "192.0.2.2"));
  });

  test("from a registration with SIGN_UP=verified: free and taken addresses get the same answer", async () => {
    const verified = await startHaven({ env: { ...env, ...sameSecret, SIGN_UP: "verified" } });
    const known = await register(one.url);
    const free = newPerson();
    const taken = comparable(await postJson(`${verified.url}/api/v1/auth/register`, { ...free, email: known.email }));
    assert.deepEqual(comparable(await postJson(`${verified.url}/api/v1/auth/register`, free)), taken);
    assert.equal(taken.status, 202);
    assert.equal(await signInStatus(free.email, free.password), 401);
    const token = tokenIn(await mail.mailTo(free.email));
    assert.equal((await postJson(`${verified.url}/api/v1/auth/verify-email`, { token })).status, 204);
    assert.equal(await signInStatus(free.email, free.password), 200);
    assert.equal(await signInStatus(known.email, free.password), free.password === known.password ? 200 : 401);
  });

  test("from the request for another verification mail", async () => {
    const known = await register(one.url);
    const resend = (email: string) => postJson(`${auth}/verify-email/resend`, { email });
    assert.deepEqual(comparable(await resend(newPerson().email)), comparable(await resend(known.email)));
  });
});

describe("a verification", () => {
  test("of one new address by two accounts gives the address to exactly one of them", async () => {
    const first = await register(one.url);
    const second = await register(one.url);
    const { email } = newPerson();
    const change = (person: typeof first) =>
      ask(`${auth}/me`, {
        method: "PATCH",
        headers: { "content-type": "application/json", ...bearer(person) },
        body: JSON.stringify({ email }),
      });
    assert.equal((await change(first)).status, 200);
    assert.equal((await change(second)).status, 200);
    const tokens = [tokenIn(await mail.mailTo(email, 1)), tokenIn(await mail.mailTo(email, 2))];
    const answers = await Promise.all(tokens.map((token) => postJson(`${auth}/verify-email`, { token })));
    assert.deepEqual(answers.map(({ status }) => status).toSorted(), [204, 400]);
  });

  test("by the owner sets the owner's password, although an attacker registered the address first", async () => {
    const verified = await startHaven({ env: { ...env, ...sameSecret, SIGN_UP: "verified" } });
    const { email } = newPerson();
    const registerWith = (password: string) =>
      postJson(`${verified.url}/api/v1/auth/register`, { email, password, name: "Pat" });
    await registerWith("a password of the attacker");
    const attackerToken = tokenIn(await mail.mailTo(email, 1));
    await registerWith("a password of the owner");
    const ownerToken = tokenIn(await mail.mailTo(email, 2));
    assert.equal((await postJson(`${auth}/verify-email`, { token: ownerToken })).status, 204);
    assert.equal((await postJson(`${auth}/verify-email`, { token: attackerToken })).status, 400);
    assert.equal(await signInStatus(email, "a password of the owner"), 200);
    assert.equal(await signInStatus(email, "a password of the attacker"), 401);
  });
});

describe("tokens and passwords", () => {
  test("are in no table and no log line", async () => {
    const { person, token } = await registerWithResetToken();
    const verification = tokenIn(await mail.mailTo(person.email, 1));
    await reset(one.url, "not-a-token-but-a-secret-of-a-user", "a password never to be logged");
    await reset(one.url, token, "a password never to be logged");
    const tables = await query<{ name: string }>(
      database,
      "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')",
    );
    const secrets = [token, verification, "a password never to be logged", person.password];
    for (const { name } of tables) {
      const rows = await query<{ row: string }>(database, `SELECT t::text AS row FROM ${name} t`);
      const text = rows.map(({ row }) => row).join("\n");
      for (const secret of secrets) assert.ok(!text.includes(secret), `${name} contains a secret`);
    }
    const logs = JSON.stringify([...one.logs, ...two.logs]);
    for (const secret of [...secrets, "not-a-token-but-a-secret-of-a-user"])
      assert.ok(!logs.includes(secret), "a log line contains a secret");
  });

  test("in the URL of a GET change nothing", async () => {
    const { person, token } = await registerWithResetToken();
    const answer = await ask(`${auth}/reset-password?token=${token}`);
    assert.ok([404, 405].includes(answer.status));
    assert.equal(await signInStatus(person.email, person.password), 200);
  });
});

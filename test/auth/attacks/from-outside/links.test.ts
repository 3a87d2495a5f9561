import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { raw } from "../../../shared/requests/http.ts";
import { bearer, login, me, newPerson, refresh, register, signedIn } from "../../../shared/requests/people.ts";
import { linkIn } from "../../../shared/servers/mail-server.ts";
import { publicUrl, startAttackedPair } from "../../support/attacked-pair.ts";

// Attacks on the links of mails. They were written from the documentation, without the code.

const { one, two, mail, post, send, signIn, waitForMailToken, requestResetToken, registerAdmin } =
  await startAttackedPair();

const reset = (token: string, newPassword: string) => post("/auth/reset-password", { token, newPassword });
const verify = (token: string, headers?: Record<string, string>) => post("/auth/verify-email", { token }, headers);

describe("a password reset", () => {
  test("ends the sessions of sign-ins with the former password that were in flight", async () => {
    for (let round = 0; round < 8; round += 1) {
      const person = await register(one.url);
      const token = await requestResetToken(person.email);
      const signIns = Array.from({ length: 6 }, () => signIn(person));
      const [resetAnswer, ...answers] = await Promise.all([reset(token, `a password of round ${round}`), ...signIns]);
      assert.equal(resetAnswer?.status, 204, resetAnswer?.text);
      assert.ok(
        answers.every(({ status }) => status === 200 || status === 401),
        answers.map(({ status }) => status).join(" "),
      );
      for (const answer of answers.filter(({ status }) => status === 200)) {
        const stolen = signedIn(answer, person);
        assert.equal((await me(two.url, stolen)).status, 401, "a session that began with the former password");
        assert.equal((await refresh(one.url, stolen.refreshToken)).status, 401);
        assert.equal((await send("GET", "/auth/me", undefined, { cookie: stolen.cookie })).status, 401);
      }
    }
  });

  test("ends the sessions of refreshes that were in flight", async () => {
    for (let round = 0; round < 8; round += 1) {
      const person = await register(one.url);
      const token = await requestResetToken(person.email);
      const [resetAnswer, ...answers] = await Promise.all([
        reset(token, `a password of round ${round}`),
        ...[one, two, one, two].map(({ url }) => refresh(url, person.refreshToken)),
      ]);
      assert.equal(resetAnswer?.status, 204, resetAnswer?.text);
      for (const answer of answers.filter(({ status }) => status === 200))
        assert.equal((await me(one.url, signedIn(answer, person))).status, 401);
    }
  });

  test("and a change of the password at the same time result in one valid password and no valid reset token", async () => {
    for (let round = 0; round < 6; round += 1) {
      const person = await register(one.url);
      const token = await requestResetToken(person.email);
      const changed = { currentPassword: person.password, newPassword: "a password by the change" };
      const [byLink, byChange] = await Promise.all([
        reset(token, "a password by the link"),
        post("/auth/password", changed, bearer(person)),
      ]);
      const validPasswords = [];
      for (const password of ["a password by the link", "a password by the change", person.password])
        if ((await post("/auth/login", { email: person.email, password })).status === 200)
          validPasswords.push(password);
      assert.equal(validPasswords.length, 1, `${byLink?.status} ${byChange?.status} ${validPasswords}`);
      assert.notEqual(validPasswords[0], person.password);
      assert.equal((await reset(token, "a password by the used link")).status, 400);
    }
  });

  test("cancels a change of the address that an intruder has requested, and makes its link invalid", async () => {
    const person = await register(one.url);
    const intruder = newPerson().email;
    assert.equal((await send("PATCH", "/auth/me", { email: intruder }, bearer(person))).status, 200);
    const intruderToken = await waitForMailToken(intruder, "/verify-email");
    assert.equal((await reset(await requestResetToken(person.email), "a password of the owner")).status, 204);
    assert.equal((await verify(intruderToken)).status, 400);
    const owner = await login(one.url, { email: person.email, password: "a password of the owner" });
    assert.equal(((await me(one.url, owner)).json() as { email: string }).email, person.email);
  });

  test("and the link of an address change at the same time never both succeed", async () => {
    for (let round = 0; round < 6; round += 1) {
      const person = await register(one.url);
      const intruder = newPerson().email;
      await send("PATCH", "/auth/me", { email: intruder }, bearer(person));
      const [intruderToken, token] = [
        await waitForMailToken(intruder, "/verify-email"),
        await requestResetToken(person.email),
      ];
      const [addressChange, resetAnswer] = await Promise.all([
        verify(intruderToken),
        reset(token, "a password of the owner"),
      ]);
      assert.ok(!(addressChange?.status === 204 && resetAnswer?.status === 204), "both links worked");
    }
  });
});

describe("a verification", () => {
  test("concerns the account of its token, whichever user is signed in", async () => {
    const [ana, ben] = [await register(one.url), await register(one.url)];
    const token = await waitForMailToken(ana.email, "/verify-email");
    assert.equal((await verify(token, bearer(ben))).status, 204);
    const verified = async (person: typeof ana) => (await me(one.url, person)).json() as { emailVerified: boolean };
    assert.equal((await verified(ana)).emailVerified, true);
    assert.equal((await verified(ben)).emailVerified, false);
    assert.equal((await verify(token)).status, 400);
  });

  test("of an earlier address change has no effect after the user has requested another address", async () => {
    const person = await register(one.url);
    const [first, second] = [newPerson().email, newPerson().email];
    await send("PATCH", "/auth/me", { email: first }, bearer(person));
    const old = await waitForMailToken(first, "/verify-email");
    await send("PATCH", "/auth/me", { email: second }, bearer(person));
    await waitForMailToken(second, "/verify-email");
    assert.equal((await verify(old)).status, 400);
    assert.equal(((await me(one.url, person)).json() as { email: string }).email, person.email);
  });

  test("of one new address by two accounts at once gives the address to exactly one account", async () => {
    for (let round = 0; round < 5; round += 1) {
      const [ana, ben] = [await register(one.url), await register(one.url)];
      const sharedAddress = newPerson().email;
      await send("PATCH", "/auth/me", { email: sharedAddress }, bearer(ana));
      const first = await waitForMailToken(sharedAddress, "/verify-email");
      await send("PATCH", "/auth/me", { email: sharedAddress }, bearer(ben));
      await mail.mailTo(sharedAddress, 2);
      const second = await waitForMailToken(sharedAddress, "/verify-email");
      const statuses = (await Promise.all([verify(first), verify(second)])).map(({ status }) => status);
      assert.deepEqual(statuses.toSorted(), [204, 400]);
    }
  });
});

describe("an invitation", () => {
  test("creates one account from 12 requests at the same time, for its own address only, and has no effect afterwards", async () => {
    const admin = await registerAdmin();
    const { email } = newPerson();
    assert.equal((await post("/admin/invitations", { email, role: "admin" }, bearer(admin))).status, 201);
    const invitationToken = await waitForMailToken(email, "/accept-invitation");
    const asStranger = await post("/auth/register", { ...newPerson(), invitationToken });
    assert.ok([400, 403].includes(asStranger.status), asStranger.text);
    assert.equal((await reset(invitationToken, "a password by invitation")).status, 400);
    assert.equal((await verify(invitationToken)).status, 400);
    const answers = await Promise.all(
      Array.from({ length: 12 }, () => post("/auth/register", { ...newPerson(), email, invitationToken })),
    );
    assert.equal(answers.filter(({ status }) => status === 201).length, 1, answers.map(({ status }) => status).join());
    const again = await post("/auth/register", { ...newPerson(), invitationToken });
    assert.ok([400, 403].includes(again.status), again.text);
  });

  test("with the role admin does not change the role of an existing account", async () => {
    const admin = await registerAdmin();
    const person = newPerson();
    await post("/admin/invitations", { email: person.email, role: "admin" }, bearer(admin));
    const invitationToken = await waitForMailToken(person.email, "/accept-invitation");
    const member = await register(one.url, person);
    const answer = await post("/auth/register", { ...person, invitationToken });
    assert.ok(answer.status >= 400 && answer.status < 500, answer.text);
    assert.equal(((await me(one.url, member)).json() as { role: string }).role, "member");
  });
});

test("no part of a request changes the host of the links in a mail", async () => {
  const evil = "evil.example.net";
  const attempts: Record<string, string>[] = [
    { host: evil },
    { "x-forwarded-host": evil, "x-forwarded-proto": "http", "x-forwarded-port": "8443" },
    { forwarded: `for=1.2.3.4;host=${evil};proto=http` },
    { "x-original-host": evil, "x-host": evil, "x-forwarded-server": evil, "x-http-host-override": evil },
    { "x-forwarded-prefix": `//${evil}`, "x-original-url": `//${evil}/`, "x-rewrite-url": `//${evil}/` },
    { origin: `https://${evil}`, referer: `https://${evil}/` },
    { host: `app.example.com:@${evil}` },
    { "accept-language": "__proto__" },
    { "accept-language": "constructor, toString;q=0.9, ../../../etc/passwd;q=0.8" },
  ];
  for (const headers of attempts) {
    const person = await register(one.url);
    const answer = await post("/auth/forgot-password", { email: person.email }, headers);
    if (answer.status === 400) continue;
    assert.equal(answer.status, 202, `${JSON.stringify(headers)} ${answer.text}`);
    await waitForMailToken(person.email, "/reset-password");
  }
  const person = await register(one.url);
  const body = JSON.stringify({ email: person.email });
  const fields = `Host: ${evil}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close`;
  const answer = await raw(
    one.port,
    `POST http://${evil}/api/v1/auth/forgot-password HTTP/1.1\r\n${fields}\r\n\r\n${body}`,
  );
  if (answer.startsWith("HTTP/1.1 202")) await waitForMailToken(person.email, "/reset-password");
  for (const received of mail.received) {
    assert.ok(!received.raw.includes("evil"), received.raw);
    if (received.text.includes("token=")) assert.ok(linkIn(received).href.startsWith(`${publicUrl}/`), received.text);
  }
});

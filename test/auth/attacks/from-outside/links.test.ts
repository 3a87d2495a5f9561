import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { raw } from "../../../shared/requests/http.ts";
import { bearer, login, me, newPerson, refresh, register, signedIn } from "../../../shared/requests/people.ts";
import { linkIn } from "../../../shared/servers/mail-server.ts";
import { publicUrl, startAttackedPair } from "../../support/attacked-pair.ts";

// Attacks on the links of mails. Their author knew the documents, and had not read the code.

const { one, two, mail, post, send, signIn, tokenTo, resetToken, admin } = await startAttackedPair();

const reset = (token: string, newPassword: string) => post("/auth/reset-password", { token, newPassword });
const verify = (token: string, headers?: Record<string, string>) => post("/auth/verify-email", { token }, headers);

describe("a reset", () => {
  test("leaves no session to sign-ins with the former password that were in flight", async () => {
    for (let round = 0; round < 8; round += 1) {
      const person = await register(one.url);
      const token = await resetToken(person.email);
      const signIns = Array.from({ length: 6 }, () => signIn(person));
      const [done, ...answers] = await Promise.all([reset(token, `a password of round ${round}`), ...signIns]);
      assert.equal(done?.status, 204, done?.text);
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

  test("leaves no session to refreshes that were in flight", async () => {
    for (let round = 0; round < 8; round += 1) {
      const person = await register(one.url);
      const token = await resetToken(person.email);
      const [done, ...answers] = await Promise.all([
        reset(token, `a password of round ${round}`),
        ...[one, two, one, two].map(({ url }) => refresh(url, person.refreshToken)),
      ]);
      assert.equal(done?.status, 204, done?.text);
      for (const answer of answers.filter(({ status }) => status === 200))
        assert.equal((await me(one.url, signedIn(answer, person))).status, 401);
    }
  });

  test("and a change of the password at the same time leave one password and no reset token", async () => {
    for (let round = 0; round < 6; round += 1) {
      const person = await register(one.url);
      const token = await resetToken(person.email);
      const changed = { currentPassword: person.password, newPassword: "a password by the change" };
      const [byLink, byChange] = await Promise.all([
        reset(token, "a password by the link"),
        post("/auth/password", changed, bearer(person)),
      ]);
      const works = [];
      for (const password of ["a password by the link", "a password by the change", person.password])
        if ((await post("/auth/login", { email: person.email, password })).status === 200) works.push(password);
      assert.equal(works.length, 1, `${byLink?.status} ${byChange?.status} ${works}`);
      assert.notEqual(works[0], person.password);
      assert.equal((await reset(token, "a password by the used link")).status, 400);
    }
  });

  test("ends a change of the address that an intruder began, with its link", async () => {
    const person = await register(one.url);
    const intruder = newPerson().email;
    assert.equal((await send("PATCH", "/auth/me", { email: intruder }, bearer(person))).status, 200);
    const planted = await tokenTo(intruder, "/verify-email");
    assert.equal((await reset(await resetToken(person.email), "a password of the owner")).status, 204);
    assert.equal((await verify(planted)).status, 400);
    const owner = await login(one.url, { email: person.email, password: "a password of the owner" });
    assert.equal(((await me(one.url, owner)).json() as { email: string }).email, person.email);
  });

  test("and the link of an address change that race never leave the account to the new address", async () => {
    for (let round = 0; round < 6; round += 1) {
      const person = await register(one.url);
      const intruder = newPerson().email;
      await send("PATCH", "/auth/me", { email: intruder }, bearer(person));
      const [planted, token] = [await tokenTo(intruder, "/verify-email"), await resetToken(person.email)];
      const [moved, done] = await Promise.all([verify(planted), reset(token, "a password of the owner")]);
      assert.ok(!(moved?.status === 204 && done?.status === 204), "both links worked");
    }
  });
});

describe("a verification", () => {
  test("concerns the account of its token, whichever user is signed in", async () => {
    const [ana, ben] = [await register(one.url), await register(one.url)];
    const token = await tokenTo(ana.email, "/verify-email");
    assert.equal((await verify(token, bearer(ben))).status, 204);
    const verified = async (person: typeof ana) => (await me(one.url, person)).json() as { emailVerified: boolean };
    assert.equal((await verified(ana)).emailVerified, true);
    assert.equal((await verified(ben)).emailVerified, false);
    assert.equal((await verify(token)).status, 400);
  });

  test("of a former wish does not move the account to an address that was given up", async () => {
    const person = await register(one.url);
    const [first, second] = [newPerson().email, newPerson().email];
    await send("PATCH", "/auth/me", { email: first }, bearer(person));
    const old = await tokenTo(first, "/verify-email");
    await send("PATCH", "/auth/me", { email: second }, bearer(person));
    await tokenTo(second, "/verify-email");
    assert.equal((await verify(old)).status, 400);
    assert.equal(((await me(one.url, person)).json() as { email: string }).email, person.email);
  });

  test("of one new address by two accounts at once gives it to exactly one", async () => {
    for (let round = 0; round < 5; round += 1) {
      const [ana, ben] = [await register(one.url), await register(one.url)];
      const wanted = newPerson().email;
      await send("PATCH", "/auth/me", { email: wanted }, bearer(ana));
      const first = await tokenTo(wanted, "/verify-email");
      await send("PATCH", "/auth/me", { email: wanted }, bearer(ben));
      await mail.mailTo(wanted, 2);
      const second = await tokenTo(wanted, "/verify-email");
      const statuses = (await Promise.all([verify(first), verify(second)])).map(({ status }) => status);
      assert.deepEqual(statuses.toSorted(), [204, 400]);
    }
  });
});

describe("an invitation", () => {
  test("creates one account when 12 requests race, for its own address only, and does nothing afterwards", async () => {
    const boss = await admin();
    const { email } = newPerson();
    assert.equal((await post("/admin/invitations", { email, role: "admin" }, bearer(boss))).status, 201);
    const invitationToken = await tokenTo(email, "/accept-invitation");
    const asStranger = await post("/auth/register", { ...newPerson(), invitationToken });
    assert.ok([400, 403].includes(asStranger.status), asStranger.text);
    assert.equal((await reset(invitationToken, "a password by invitation")).status, 400);
    assert.equal((await verify(invitationToken)).status, 400);
    const answers = await Promise.all(
      Array.from({ length: 12 }, () => post("/auth/register", { ...newPerson(), email, invitationToken })),
    );
    assert.equal(answers.filter(({ status }) => status === 201).length, 1, answers.map((one) => one.status).join());
    const again = await post("/auth/register", { ...newPerson(), invitationToken });
    assert.ok([400, 403].includes(again.status), again.text);
  });

  test("of the role admin does not raise an account that exists already", async () => {
    const boss = await admin();
    const person = newPerson();
    await post("/admin/invitations", { email: person.email, role: "admin" }, bearer(boss));
    const invitationToken = await tokenTo(person.email, "/accept-invitation");
    const member = await register(one.url, person);
    const answer = await post("/auth/register", { ...person, invitationToken });
    assert.ok(answer.status >= 400 && answer.status < 500, answer.text);
    assert.equal(((await me(one.url, member)).json() as { role: string }).role, "member");
  });
});

test("no part of a request moves the links of a mail to another host", async () => {
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
    await tokenTo(person.email, "/reset-password");
  }
  const person = await register(one.url);
  const body = JSON.stringify({ email: person.email });
  const fields = `Host: ${evil}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close`;
  const answer = await raw(
    one.port,
    `POST http://${evil}/api/v1/auth/forgot-password HTTP/1.1\r\n${fields}\r\n\r\n${body}`,
  );
  if (answer.startsWith("HTTP/1.1 202")) await tokenTo(person.email, "/reset-password");
  for (const received of mail.received) {
    assert.ok(!received.raw.includes("evil"), received.raw);
    if (received.text.includes("token=")) assert.ok(linkIn(received).href.startsWith(`${publicUrl}/`), received.text);
  }
});

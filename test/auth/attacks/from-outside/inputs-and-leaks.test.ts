import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { Redis } from "ioredis";
import { ask } from "../../../shared/requests/http.ts";
import { bearer, login, newPerson, refresh, register, signedIn } from "../../../shared/requests/people.ts";
import { query } from "../../../shared/servers/stores/database.ts";
import { startAttackedPair } from "../../support/attacked-pair.ts";

// Attacks with hostile input, and a search for secrets in stores and logs. They were written from the documentation, without the code.

const { one, two, mail, database, redis, post, send, registerAdmin, waitForMailToken, requestResetToken } =
  await startAttackedPair();

test("one mailbox has at most one account, whatever the spelling of the address", async () => {
  const { email } = await register(one.url);
  const [local = "", domain = ""] = email.split("@");
  const spellings = [
    email.toUpperCase(),
    `${local}@${domain.toUpperCase()}`,
    ` ${email}`,
    `${email} `,
    `${email}\n`,
    `${local}@${domain}.`,
    `"${local}"@${domain}`,
    `${local}@${domain.replace("e", "\u0435")}`,
    `${local.replace("p", "\uff50")}@${domain}`,
    `${local}\u200b@${domain}`,
    `${local}\uff20${domain}`,
    `${local}@exam\u00adple.org`,
    `${local}@ex\u0430mple.org`,
    email.replace("person", "per\u017fon"),
    `${local}@${domain}\u0000`,
    `<${email}>`,
    `mailto:${email}`,
    `${local}(comment)@${domain}`,
    `${local}%00@${domain}`.replace("%00", "\u0000"),
  ];
  for (const spelling of spellings) {
    const answer = await post("/auth/register", { ...newPerson(), email: spelling });
    assert.ok([400, 409].includes(answer.status), `${JSON.stringify(spelling)}: ${answer.status}`);
  }
});

test("an address or name cannot add recipients, headers or text to a mail", async () => {
  const person = await register(one.url);
  const admin = await registerAdmin();
  const hostile = [
    "a@b.example\r\nRCPT TO:<evil@example.net>",
    "a@b.example\nBcc: evil@example.net",
    "a@b.example>,<evil@example.net",
    "a@b.example,evil@example.net",
    "a@b.example;evil@example.net",
    "evil@example.net(x)@b.example",
    '"evil@example.net,"@b.example',
    "a@b.example SIZE=1",
    "a\t@b.example",
    "a@[127.0.0.1]",
    "=?utf-8?q?evil=40example.net?=@b.example",
    "-oQ/tmp@b.example",
    "evil%example.net@b.example",
    "b.example!evil@b.example",
  ];
  for (const email of hostile) {
    const answers = [
      await post("/auth/register", { ...newPerson(), email }),
      await post("/auth/forgot-password", { email }),
      await post("/auth/verify-email/resend", { email }),
      await send("PATCH", "/auth/me", { email }, bearer(person)),
      await post("/admin/invitations", { email }, bearer(admin)),
    ];
    for (const answer of answers) assert.ok(answer.status < 500, `${email}: ${answer.status} ${answer.text}`);
  }
  for (const name of ["Pat\r\nBcc: evil@example.net", "Pat\u0000", "https://evil.example.net/ click here"]) {
    const answer = await post("/auth/register", { ...newPerson(), name });
    assert.ok([201, 400].includes(answer.status), answer.text);
  }
  await mail.mailTo(person.email);
  await new Promise((resolve) => setTimeout(resolve, 2500));
  for (const { to, headers, text } of mail.received) {
    assert.equal(to.length, 1, to.join());
    assert.ok(!to.some((address) => /@example\.net$/i.test(address)), to.join());
    assert.doesNotMatch(headers, /^(bcc|cc):/im);
    assert.ok(!text.includes("evil"), text);
  }
});

test("input of any size or shape gets a 4xx of less than 20 kB within 1.5 s", async () => {
  const person = await register(one.url);
  const long = "x".repeat(15_000);
  const deep = `${"[".repeat(7000)}${"]".repeat(7000)}`;
  const bodies = [
    `{"email":"${long}@example.org","password":"${long}","token":"${long}","newPassword":"${long}","refreshToken":"${long}","name":"${long}"}`,
    deep,
    `{"email":${deep}}`,
    `{"a":1${Array.from({ length: 1500 }, (_, n) => `,"k${n}":1`).join("")}}`,
    `{"email":"${"a.".repeat(6000)}@${"b.".repeat(1000)}example"}`,
    "{",
    "",
    "\u0000",
    '{"email":"\\ud800@example.org","password":"\\ud800\\ud800\\ud800\\ud800\\ud800","token":"\\ud800","name":"\\udfff"}',
    `{"email":"a@example.org","password":"${"\u0301".repeat(7000)}","newPassword":"${"\ufdfa".repeat(150)}","token":"x"}`,
  ];
  const paths = [
    "register",
    "login",
    "refresh",
    "forgot-password",
    "reset-password",
    "verify-email",
    "verify-email/resend",
    "password",
    "api-keys",
  ];
  for (const path of paths)
    for (const body of bodies) {
      const answer = await post(
        `/auth/${path}`,
        body,
        path === "password" || path === "api-keys" ? bearer(person) : {},
      );
      const request = `${path} ${body.slice(0, 30)}: ${answer.status}`;
      // A resend without a body is for signed-in users.
      assert.ok(answer.status >= 400 && answer.status < 500, request);
      assert.ok(answer.text.length < 20_000, request);
      assert.ok(!answer.text.includes("xxxxxxxxxxxxxxxxxxxx"), `${request} repeats the input`);
      assert.ok(answer.ms < 1500, `${request} took ${answer.ms} ms`);
    }
  for (const headers of [
    { authorization: `Bearer ${"a.".repeat(4000)}` },
    { authorization: `Bearer hvn_${"a".repeat(7000)}` },
    { cookie: Array.from({ length: 300 }, (_, n) => `haven_session=${n}`).join("; ") },
    { cookie: `haven_session=${"%".repeat(5000)}` },
    { cookie: "haven_session=__proto__; __proto__=x; constructor=y" },
    { authorization: "Bearer hvn_%00", cookie: person.cookie },
  ])
    assert.ok(
      [400, 401, 431].includes((await send("GET", "/auth/me", undefined, headers)).status),
      JSON.stringify(headers).slice(0, 60),
    );
});

test("no token, password or key appears in a table, in Redis, in a log line, a metric or a list", async () => {
  const secrets = new Map<string, string>();
  const admin = await registerAdmin();
  const person = { ...newPerson(), password: "a password that must not leak 1" };
  const registered = await register(one.url, person);
  secrets.set("verification token", await waitForMailToken(person.email, "/verify-email"));
  await post("/auth/verify-email", { token: secrets.get("verification token") });
  const second = await login(two.url, person);
  const third = signedIn(await refresh(one.url, second.refreshToken), person);
  for (const [index, session] of [registered, second, third].entries()) {
    secrets.set(`access token ${index}`, session.accessToken);
    secrets.set(`refresh token ${index}`, session.refreshToken);
    secrets.set(`cookie ${index}`, session.cookie.split("=")[1] ?? "");
  }
  const key = (await post("/auth/api-keys", { name: "k", scopes: ["read"] }, bearer(third))).json() as { key: string };
  secrets.set("API key", key.key);
  await send("GET", "/auth/me", undefined, { authorization: `Bearer ${key.key}` });
  await send("GET", "/properties", undefined, { authorization: `Bearer ${key.key}x` });
  secrets.set("reset token", await requestResetToken(person.email));
  const newPassword = "a password that must not leak 2";
  await post("/auth/reset-password", { token: secrets.get("reset token"), newPassword });
  secrets.set("second reset token", await requestResetToken(person.email));
  const newAddress = newPerson().email;
  const later = await login(one.url, { email: person.email, password: newPassword });
  await send("PATCH", "/auth/me", { email: newAddress }, bearer(later));
  secrets.set("change token", await waitForMailToken(newAddress, "/verify-email"));
  const guest = newPerson();
  await post("/admin/invitations", { email: guest.email }, bearer(admin));
  secrets.set("invitation token", await waitForMailToken(guest.email, "/accept-invitation"));
  for (const text of [person.password, newPassword]) secrets.set(`password ${text.at(-1)}`, text);
  // Sends requests that fail, with secrets in wrong fields.
  for (const secret of [...secrets.values()]) {
    await post("/auth/login", { email: person.email, password: secret.slice(0, 200) });
    await post("/auth/login", `{"email":"${person.email}","password":"${secret.slice(0, 200)}"`);
    await post("/auth/refresh", { refreshToken: `${secret.slice(0, 4000)}!`, password: secret });
  }

  const tables = await query<{ name: string }>(
    database,
    "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')",
  );
  const places: [string, string][] = [];
  for (const { name } of tables) {
    const rows = await query<{ text: string }>(database, `SELECT t::text AS text FROM ${name} t`);
    places.push([`table ${name}`, rows.map(({ text }) => text).join("\n")]);
  }
  assert.ok(places.length > 10, `${places.length} tables`);
  const client = new Redis(redis);
  const entries: unknown[] = [];
  for (const name of await client.keys("*")) {
    const type = await client.type(name);
    const value =
      type === "hash"
        ? await client.hgetall(name)
        : type === "string"
          ? await client.get(name)
          : type === "zset"
            ? await client.zrange(name, "0", "-1")
            : type === "set"
              ? await client.smembers(name)
              : type;
    entries.push([name, value]);
  }
  client.disconnect();
  assert.ok(entries.length > 0);
  places.push(["Redis", JSON.stringify(entries)], ["log", JSON.stringify([one.logs, two.logs])]);
  places.push(["metrics", (await ask(`${one.url}/metrics`)).text]);
  for (const path of ["/auth/api-keys", "/auth/events", "/auth/sessions", "/auth/me/export"])
    places.push([path, (await send("GET", path, undefined, bearer(later))).text]);
  for (const [name, secret] of secrets) {
    const forms = [
      secret,
      encodeURIComponent(secret),
      Buffer.from(secret).toString("base64url"),
      Buffer.from(secret).toString("hex"),
    ];
    for (const [place, text] of places)
      for (const form of forms) assert.ok(!text.includes(form), `${name} in ${place}`);
  }
  const unsalted = createHash("sha256").update(newPassword).digest("hex");
  assert.ok(places.every(([, text]) => !text.includes(unsalted) && !text.includes("must not leak")));
});

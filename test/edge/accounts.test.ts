import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { startProvider } from "../auth/support/oidc-provider.ts";
import { bearer, newPerson, type SignedIn, signedIn } from "../shared/requests/people.ts";
import { type EdgeAnswer, type SendOptions, send, sendJson } from "../shared/requests/proxy-client.ts";
import { type Fleet, startEngines, startFleet } from "../shared/servers/fleet.ts";
import { linkIn, type MailServer, startMailServer, tokenIn } from "../shared/servers/mail-server.ts";
import { type RunningProxy, startHaproxy, startNginx } from "../shared/servers/proxies.ts";
import { freshDatabase, query } from "../shared/servers/stores/database.ts";
import { freshRedis } from "../shared/servers/stores/redis.ts";
import { audience } from "../shared/servers/test-issuer.ts";
import { blackPng } from "../support/kubernetes/images.ts";

// Each flow of an account, through each shipped proxy, with three instances, an SMTP server and an OpenID provider.

const publicUrl = "https://app.example.com/account";

let mail: MailServer;
let provider: Awaited<ReturnType<typeof startProvider>>;
let fleet: Fleet;
let databaseUrl: string;
before(async () => {
  await startEngines();
  mail = await startMailServer();
  provider = await startProvider();
  databaseUrl = await freshDatabase();
  fleet = await startFleet({
    services: { databaseUrl, redisUrl: await freshRedis() },
    env: {
      MAIL_URL: mail.url,
      MAIL_FROM: "Haven <no-reply@example.com>",
      PUBLIC_URL: publicUrl,
      TRUSTED_ISSUERS: provider.issuer,
      TRUSTED_AUDIENCE: audience,
      API_KEY_RATE_LIMIT: "100",
    },
  });
});

const auth = (path: string, body: object, options?: SendOptions) => sendJson(`/api/v1/auth${path}`, body, options);
const as = (person: Pick<SignedIn, "accessToken">) => ({ headers: bearer(person) });
const expectStatus = (answer: EdgeAnswer, status: number): EdgeAnswer => {
  assert.equal(answer.status, status, answer.text);
  return answer;
};
const me = (person: Pick<SignedIn, "accessToken">) => send("/api/v1/auth/me", as(person));

async function registerPerson(headers: Record<string, string> = {}): Promise<SignedIn> {
  const person = newPerson();
  return signedIn(await auth("/register", person, { headers }), person);
}

for (const [name, start] of [
  ["NGINX", startNginx],
  ["HAProxy", startHaproxy],
] as const) {
  describe(`behind ${name}`, () => {
    let proxy: RunningProxy;
    before(async () => {
      proxy = await start();
    });

    test("an address is verified by the link of a mail, which starts with PUBLIC_URL whatever the client sends", async () => {
      const hostile = { host: "evil.example", "x-forwarded-host": "evil.example", forwarded: "host=evil.example" };
      const person = await registerPerson(hostile);
      const received = await mail.mailTo(person.email);
      assert.ok(linkIn(received).href.startsWith(`${publicUrl}/verify-email?token=`), linkIn(received).href);
      assert.doesNotMatch(received.raw, /evil/);
      expectStatus(await auth("/verify-email", { token: tokenIn(received) }), 204);
      assert.equal((await me(person)).json()["emailVerified"], true);
    });

    test("a forgotten password is reset, and every session ends on all instances", async () => {
      const person = await registerPerson();
      await mail.mailTo(person.email);
      expectStatus(await auth("/forgot-password", { email: person.email }, { headers: { host: "evil.example" } }), 202);
      const received = await mail.mailTo(person.email, 2);
      assert.ok(linkIn(received).href.startsWith(`${publicUrl}/reset-password?token=`));
      const newPassword = "a password after the reset";
      expectStatus(await auth("/reset-password", { token: tokenIn(received), newPassword }), 204);
      for (let count = 0; count < 6; count += 1) assert.equal((await me(person)).status, 401);
      expectStatus(await auth("/login", { email: person.email, password: newPassword }), 200);
      await mail.mailTo(person.email, 3);
    });

    test("a new address takes effect when it is verified, and the old address gets a mail", async () => {
      const person = await registerPerson();
      const { email } = newPerson();
      expectStatus(await sendJson("/api/v1/auth/me", { email }, { method: "PATCH", ...as(person) }), 200);
      const token = tokenIn(await mail.mailTo(email));
      expectStatus(await auth("/verify-email", { token }), 204);
      assert.equal((await me(person)).json()["email"], email);
      // Three mails: verification, requested change, completed change. Any instance delivers them, so their order varies.
      await mail.mailTo(person.email, 3);
      const subjects = mail.received.filter(({ to }) => to.includes(person.email)).map(({ headers }) => headers);
      assert.ok(subjects.some((text) => /has\s+changed/.test(text)));
    });

    test("an administrator invites a person, who registers with the link", async () => {
      const admin = await registerPerson();
      await query(databaseUrl, "UPDATE users SET role = 'admin' WHERE id = $1", [admin.userId]);
      const { email, password } = admin;
      const adminSession = signedIn(await auth("/login", { email, password }), admin);
      const person = newPerson();
      expectStatus(await sendJson("/api/v1/admin/invitations", { email: person.email }, as(adminSession)), 201);
      const received = await mail.mailTo(person.email);
      assert.ok(linkIn(received).href.startsWith(`${publicUrl}/accept-invitation?token=`));
      const invitationToken = tokenIn(received);
      const answer = expectStatus(await auth("/register", { ...person, invitationToken }), 201);
      assert.equal((answer.json()["user"] as { emailVerified: boolean }).emailVerified, true);
    });

    test("an API key is used, limited and revoked", async () => {
      const person = await registerPerson();
      const apiKey = expectStatus(await auth("/api-keys", { name: "robot", scopes: ["read"] }, as(person)), 201).json();
      const withKey = { headers: { authorization: `Bearer ${apiKey["key"]}` } };
      const used = expectStatus(await send("/api/v1/auth/me", withKey), 200);
      assert.equal(used.headers["ratelimit-policy"], '"api-key";q=100;w=60');
      assert.match(String(used.headers["ratelimit"]), /^"api-key";r=\d+;t=\d+$/);
      expectStatus(await sendJson("/api/v1/auth/me", { name: "New" }, { method: "PATCH", ...withKey }), 403);
      expectStatus(await send(`/api/v1/auth/api-keys/${apiKey["id"]}`, { method: "DELETE", ...as(person) }), 204);
      for (let count = 0; count < 6; count += 1) expectStatus(await send("/api/v1/auth/me", withKey), 401);
    });

    test("every instance accepts a token of the provider, and all return the same user", async () => {
      const accessToken = await provider.token();
      const answers = await Promise.all(Array.from({ length: 6 }, () => me({ accessToken })));
      for (const answer of answers) expectStatus(answer, 200);
      assert.equal(new Set(answers.map((answer) => answer.json()["id"])).size, 1);
    });

    test("a user exports all stored data, then deletes the account with all its data", async () => {
      const person = await registerPerson();
      const form = new FormData();
      form.set("avatar", new Blob([new Uint8Array(await blackPng(64, 64))], { type: "image/png" }), "me.png");
      const multipart = new Response(form);
      const body = Buffer.from(await multipart.arrayBuffer());
      const headers = { ...bearer(person), "content-type": multipart.headers.get("content-type") ?? "" };
      const avatar = expectStatus(await send("/api/v1/auth/me/avatar", { method: "PUT", headers, body }), 200);
      const { avatarUrl } = avatar.json();
      const exported = expectStatus(await send("/api/v1/auth/me/export", as(person)), 200);
      assert.equal((exported.json()["user"] as { email: string }[])[0]?.email, person.email);
      const deletion = { currentPassword: person.password };
      // Node sends no length with the body of a DELETE by itself.
      const length = { "content-length": String(JSON.stringify(deletion).length) };
      const deleteOptions = { method: "DELETE", headers: { ...bearer(person), ...length } };
      expectStatus(await sendJson("/api/v1/auth/me", deletion, deleteOptions), 204);
      for (let count = 0; count < 6; count += 1) expectStatus(await me(person), 401);
      expectStatus(await send(String(avatarUrl)), 404);
      expectStatus(await auth("/login", { email: person.email, password: person.password }), 401);
    });

    test("the logs of the proxy and of the instances contain no token from a mail, even if a URL contained the token", async () => {
      const person = await registerPerson();
      const token = tokenIn(await mail.mailTo(person.email));
      const referer = `${publicUrl}/verify-email?token=${token}`;
      const got = await send(`/api/v1/auth/verify-email?token=${token}`, { headers: { referer } });
      assert.ok([404, 405].includes(got.status), got.text);
      expectStatus(await auth("/verify-email", { token }, { headers: { referer } }), 204);
      assert.ok(!proxy.log().includes(token), "the log of the proxy");
      assert.ok(!fleet.output().includes(token), "the log of an instance");
    });

    test("the proxy stops", () => proxy.stop());
  });
}

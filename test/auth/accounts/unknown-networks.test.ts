import assert from "node:assert/strict";
import { test } from "node:test";
import { ask, postJson } from "../../shared/requests/http.ts";
import { bearer, newPerson, register, sameSecret, signedIn } from "../../shared/requests/people.ts";
import { startMailServer, tokenIn } from "../../shared/servers/mail-server.ts";
import { startHaven } from "../../support/haven.ts";

const mail = await startMailServer();
const haven = await startHaven({
  env: {
    ...sameSecret,
    AUTH_RATE_LIMIT: "5",
    MAIL_URL: mail.url,
    MAIL_FROM: "no-reply@example.com",
    PUBLIC_URL: "https://app.example.com",
  },
});
const post = (path: string, body: object, from: string) =>
  postJson(`${haven.url}/api/v1/auth/${path}`, body, { "x-forwarded-for": from });

/** Signs in with a wrong password from a new address each time. Returns the number of attempts that got 401. */
async function attemptsFromManyAddresses(email: string, network: number): Promise<number> {
  for (let count = 0; count < 100; count += 1) {
    const { status } = await post("login", { email, password: "a guess of a botnet" }, `10.1.${network}.${count + 1}`);
    if (status === 429) return count;
    assert.equal(status, 401);
  }
  return 100;
}

test("attempts from many networks share one limit for each account, but the owner can sign in from a known network or after a password reset", async () => {
  const owner = await register(haven.url);
  const credentials = { email: owner.email, password: owner.password };
  await mail.mailTo(owner.email);
  assert.equal(await attemptsFromManyAddresses(owner.email, 1), 50);
  // The registration came from this machine, without a forwarded address.
  const knownNetworkLogin = await postJson(`${haven.url}/api/v1/auth/login`, credentials);
  assert.equal(knownNetworkLogin.status, 200, knownNetworkLogin.text);

  const elsewhere = "192.0.2.77";
  const refused = await post("login", credentials, elsewhere);
  assert.equal(refused.status, 429);
  assert.ok(Number(refused.headers["retry-after"]) > 60);
  await post("forgot-password", { email: owner.email }, elsewhere);
  const token = tokenIn(await mail.mailTo(owner.email, 2));
  const newPassword = "a password set elsewhere";
  assert.equal((await post("reset-password", { token, newPassword }, elsewhere)).status, 204);
  assert.equal((await post("login", { email: owner.email, password: newPassword }, elsewhere)).status, 200);
});

test("attempts on an email address without an account have the same limit", async () => {
  assert.equal(await attemptsFromManyAddresses(newPerson().email, 2), 50);
});

test("the network from which a user confirms a new email address becomes known for it, and the former address loses its known networks", async () => {
  const person = newPerson();
  const home = "192.0.2.90";
  const owner = signedIn(await post("register", person, home), person);
  const newAddress = newPerson().email;
  const authorization = `Bearer ${owner.accessToken}`;
  const answer = await ask(`${haven.url}/api/v1/auth/me`, {
    method: "PATCH",
    headers: { authorization, "content-type": "application/json" },
    body: JSON.stringify({ email: newAddress }),
  });
  assert.equal(answer.status, 200, answer.text);
  const office = "192.0.2.88";
  assert.equal((await post("verify-email", { token: tokenIn(await mail.mailTo(newAddress)) }, office)).status, 204);
  assert.equal(await attemptsFromManyAddresses(newAddress, 3), 50);
  assert.equal((await post("login", { email: newAddress, password: owner.password }, office)).status, 200);
  assert.equal((await post("login", { email: newAddress, password: owner.password }, "192.0.2.89")).status, 429);
  assert.equal(await attemptsFromManyAddresses(owner.email, 4), 50);
  assert.equal((await post("login", { email: owner.email, password: owner.password }, home)).status, 429);
});

test("guesses of the current password with a stolen session share one limit for all networks, and the owner can still change the password in a new session", async () => {
  const owner = await register(haven.url);
  const guess = (path: string, method: string, body: object, count: number) =>
    ask(`${haven.url}/api/v1/auth/${path}`, {
      method,
      headers: { ...bearer(owner), "content-type": "application/json", "x-forwarded-for": `10.2.1.${count}` },
      body: JSON.stringify(body),
    });
  const statuses: number[] = [];
  for (let count = 1; count <= 12; count += 1) {
    const currentPassword = `a guess of a botnet ${count}`;
    const answer =
      count % 2 === 0
        ? await guess("me", "DELETE", { currentPassword }, count)
        : await guess("password", "POST", { currentPassword, newPassword: "a password of the thief" }, count);
    statuses.push(answer.status);
  }
  assert.deepEqual(statuses, [403, 403, 403, 403, 403, 429, 429, 429, 429, 429, 429, 429]);
  const again = signedIn(await post("login", { email: owner.email, password: owner.password }, "192.0.2.91"), owner);
  const change = { currentPassword: owner.password, newPassword: "a password of the owner" };
  const changed = await postJson(`${haven.url}/api/v1/auth/password`, change, bearer(again));
  assert.equal(changed.status, 204, changed.text);
});

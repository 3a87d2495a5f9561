import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "../../../shared/eventually.ts";
import { bearer, login, newPerson, register, type SignedIn } from "../../../shared/requests/people.ts";
import { tokenIn } from "../../../shared/servers/mail-server.ts";
import { query } from "../../../shared/servers/stores/database.ts";
import { startAttackedPair } from "../../support/attacked-pair.ts";

// Attacks that try to keep access after the owner or an administrator has reacted. They were written from the documentation,
// without the code.

const { one, two, mail, database, post, send, signIn, waitForMailToken, requestResetToken, registerAdmin } =
  await startAttackedPair();

const reset = (token: string, newPassword: string) => post("/auth/reset-password", { token, newPassword });
const verifyAddress = async (email: string) => {
  const answer = await post("/auth/verify-email", { token: await waitForMailToken(email, "/verify-email") });
  assert.equal(answer.status, 204, answer.text);
};
const requestAddressChange = async (person: SignedIn, email: string) =>
  assert.equal((await send("PATCH", "/auth/me", { email }, bearer(person))).status, 200);

async function keyOf(person: SignedIn): Promise<string> {
  const answer = await post("/auth/api-keys", { name: "robot", scopes: ["read", "write"] }, bearer(person));
  assert.equal(answer.status, 201, answer.text);
  return (answer.json() as { key: string }).key;
}
const statusWithKey = async (key: string) =>
  (await send("GET", "/properties", undefined, { authorization: `Bearer ${key}` })).status;

describe("a password reset by the owner deletes the API keys", () => {
  test("of a thief who had a session of a verified account", async () => {
    const owner = await register(one.url);
    await verifyAddress(owner.email);
    const key = await keyOf(owner);
    assert.equal((await reset(await requestResetToken(owner.email), "a password of the owner")).status, 204);
    assert.equal(await statusWithKey(key), 401);
  });

  test("of a stranger who has registered the address, also if the owner has opened the verification link", async () => {
    const stranger = await register(one.url);
    const key = await keyOf(stranger);
    await verifyAddress(stranger.email);
    assert.equal((await reset(await requestResetToken(stranger.email), "a password of the owner")).status, 204);
    assert.equal(await statusWithKey(key), 401);
  });

  test("of a stranger who has changed the address of an account to the address of the owner, also if the owner has opened the link", async () => {
    const stranger = await register(one.url);
    await verifyAddress(stranger.email);
    const key = await keyOf(stranger);
    const { email } = newPerson();
    await requestAddressChange(stranger, email);
    await verifyAddress(email);
    assert.equal((await reset(await requestResetToken(email), "a password of the owner")).status, 204);
    assert.equal(await statusWithKey(key), 401);
  });
});

describe("a deactivation and a later activation cancel", () => {
  const deactivateAndActivate = async ({ userId }: SignedIn) => {
    const actor = bearer(await registerAdmin());
    for (const active of [false, true])
      assert.equal((await send("PATCH", `/admin/users/${userId}`, { active }, actor)).status, 200);
  };

  test("reset tokens from before", async () => {
    const person = await register(one.url);
    const token = await requestResetToken(person.email);
    await deactivateAndActivate(person);
    assert.equal((await reset(token, "a password of the attacker")).status, 400);
    assert.equal((await signIn(person)).status, 200);
  });

  test("a change of the address that is not verified yet", async () => {
    const person = await register(one.url);
    const { email } = newPerson();
    await requestAddressChange(person, email);
    const token = await waitForMailToken(email, "/verify-email");
    await deactivateAndActivate(person);
    assert.equal((await post("/auth/verify-email", { token })).status, 400);
    assert.equal((await signIn(person)).status, 200);
    assert.equal((await signIn({ ...person, email })).status, 401);
  });
});

test("an invitation replaces earlier invitations of its address, also with another role", async () => {
  const actor = bearer(await registerAdmin());
  const invited = newPerson();
  const invite = (role: string) => post("/admin/invitations", { email: invited.email, role }, actor);
  assert.equal((await invite("admin")).status, 201);
  const first = await waitForMailToken(invited.email, "/accept-invitation");
  assert.equal((await invite("member")).status, 201);
  const second = tokenIn(await mail.mailTo(invited.email, 2));
  const refused = await post("/auth/register", { ...invited, invitationToken: first });
  assert.equal(refused.status, 400, refused.text);
  const accepted = await post("/auth/register", { ...invited, invitationToken: second });
  assert.equal(accepted.status, 201, accepted.text);
  assert.equal((accepted.json() as { user: { role: string } }).user.role, "member");
});

test("an account gets at most five mails with a link, also from requests at the same time on two instances", async () => {
  const pages = { "/auth/forgot-password": "/reset-password", "/auth/verify-email/resend": "/verify-email" };
  for (const [path, page] of Object.entries(pages)) {
    const people = await Promise.all(Array.from({ length: 4 }, () => register(one.url)));
    for (const { email } of people) {
      await mail.mailTo(email);
      await Promise.all(Array.from({ length: 16 }, () => post(path, { email })));
    }
    await eventually(
      () => query(database, "SELECT FROM haven_jobs.job WHERE name = 'mail' AND state < 'completed'"),
      (rows) => rows.length === 0,
      20_000,
    );
    await sleep(200);
    for (const { email } of people) {
      const links = mail.received.filter(({ to, text }) => to.includes(email) && text.includes(`${page}?token=`));
      assert.ok(links.length <= 5, `${path}: ${links.length}`);
    }
  }
});

describe("an export", () => {
  const exportOf = async (person: SignedIn) => {
    const answer = await send("GET", "/auth/me/export", undefined, bearer(person));
    assert.equal(answer.status, 200, answer.text);
    return answer;
  };

  test("does not contain the id of another account that has requested the address of the user", async () => {
    const owner = await register(one.url);
    const stranger = await register(two.url);
    await requestAddressChange(stranger, owner.email);
    await mail.mailTo(owner.email, 2);
    assert.ok(!(await exportOf(owner)).text.includes(stranger.userId));
  });

  test("does not contain the network address and the id of an administrator who has changed the user", async () => {
    const actor = await registerAdmin();
    const person = await register(one.url);
    const from = { ...bearer(actor), "x-forwarded-for": "192.0.2.99" };
    assert.equal((await send("PATCH", `/admin/users/${person.userId}`, { role: "admin" }, from)).status, 200);
    const { text } = await exportOf(await login(one.url, person));
    assert.ok(text.includes("role_changed"));
    assert.ok(!text.includes("192.0.2.99") && !text.includes(actor.userId), text);
    const ofActor = await exportOf(actor);
    assert.ok(ofActor.text.includes("192.0.2.99"), "an export of the administrator contains the address");
  });
});

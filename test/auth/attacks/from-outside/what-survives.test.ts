import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "../../../shared/eventually.ts";
import { bearer, login, newPerson, register, type SignedIn } from "../../../shared/requests/people.ts";
import { query } from "../../../shared/servers/database.ts";
import { tokenIn } from "../../../shared/servers/mail-server.ts";
import { startAttackedPair } from "../../support/attacked-pair.ts";

// What an attacker keeps after an owner or an administrator has acted. The author knew the documents, and had not read the code.

const { one, two, mail, database, post, send, signIn, tokenTo, resetToken, admin } = await startAttackedPair();

const reset = (token: string, newPassword: string) => post("/auth/reset-password", { token, newPassword });
const verify = async (email: string) => {
  const answer = await post("/auth/verify-email", { token: await tokenTo(email, "/verify-email") });
  assert.equal(answer.status, 204, answer.text);
};
const change = async (person: SignedIn, email: string) =>
  assert.equal((await send("PATCH", "/auth/me", { email }, bearer(person))).status, 200);

async function keyOf(person: SignedIn): Promise<string> {
  const answer = await post("/auth/api-keys", { name: "robot", scopes: ["read", "write"] }, bearer(person));
  assert.equal(answer.status, 201, answer.text);
  return (answer.json() as { key: string }).key;
}
const useOf = async (key: string) =>
  (await send("GET", "/properties", undefined, { authorization: `Bearer ${key}` })).status;

describe("a reset by the owner deletes the API keys", () => {
  test("of a thief who had a session of a verified account", async () => {
    const owner = await register(one.url);
    await verify(owner.email);
    const key = await keyOf(owner);
    assert.equal((await reset(await resetToken(owner.email), "a password of the owner")).status, 204);
    assert.equal(await useOf(key), 401);
  });

  test("of the stranger who had registered the address, also if the owner has followed the first link", async () => {
    const stranger = await register(one.url);
    const key = await keyOf(stranger);
    await verify(stranger.email);
    assert.equal((await reset(await resetToken(stranger.email), "a password of the owner")).status, 204);
    assert.equal(await useOf(key), 401);
  });

  test("of the stranger who had moved an account to the address, also if the owner has followed the link", async () => {
    const stranger = await register(one.url);
    await verify(stranger.email);
    const key = await keyOf(stranger);
    const { email } = newPerson();
    await change(stranger, email);
    await verify(email);
    assert.equal((await reset(await resetToken(email), "a password of the owner")).status, 204);
    assert.equal(await useOf(key), 401);
  });
});

describe("a deactivation ends for good", () => {
  const deactivateAndActivate = async ({ userId }: SignedIn) => {
    const actor = bearer(await admin());
    for (const active of [false, true])
      assert.equal((await send("PATCH", `/admin/users/${userId}`, { active }, actor)).status, 200);
  };

  test("the reset tokens", async () => {
    const person = await register(one.url);
    const token = await resetToken(person.email);
    await deactivateAndActivate(person);
    assert.equal((await reset(token, "a password of the attacker")).status, 400);
    assert.equal((await signIn(person)).status, 200);
  });

  test("a change of the address that was not verified", async () => {
    const person = await register(one.url);
    const { email } = newPerson();
    await change(person, email);
    const token = await tokenTo(email, "/verify-email");
    await deactivateAndActivate(person);
    assert.equal((await post("/auth/verify-email", { token })).status, 400);
    assert.equal((await signIn(person)).status, 200);
    assert.equal((await signIn({ ...person, email })).status, 401);
  });
});

test("an invitation replaces the earlier ones of its address, so that a role given by mistake can be taken back", async () => {
  const actor = bearer(await admin());
  const invited = newPerson();
  const invite = (role: string) => post("/admin/invitations", { email: invited.email, role }, actor);
  assert.equal((await invite("admin")).status, 201);
  const first = await tokenTo(invited.email, "/accept-invitation");
  assert.equal((await invite("member")).status, 201);
  const second = tokenIn(await mail.mailTo(invited.email, 2));
  const refused = await post("/auth/register", { ...invited, invitationToken: first });
  assert.equal(refused.status, 400, refused.text);
  const accepted = await post("/auth/register", { ...invited, invitationToken: second });
  assert.equal(accepted.status, 201, accepted.text);
  assert.equal((accepted.json() as { user: { role: string } }).user.role, "member");
});

test("requests at the same time on two instances give no more than five mails with a link to an account", async () => {
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

  test("does not show which account has requested the address of its user", async () => {
    const owner = await register(one.url);
    const stranger = await register(two.url);
    await change(stranger, owner.email);
    await mail.mailTo(owner.email, 2);
    assert.ok(!(await exportOf(owner)).text.includes(stranger.userId));
  });

  test("does not show the address and the id of an administrator who has changed its user", async () => {
    const actor = await admin();
    const person = await register(one.url);
    const from = { ...bearer(actor), "x-forwarded-for": "192.0.2.99" };
    assert.equal((await send("PATCH", `/admin/users/${person.userId}`, { role: "admin" }, from)).status, 200);
    const { text } = await exportOf(await login(one.url, person));
    assert.ok(text.includes("role_changed"));
    assert.ok(!text.includes("192.0.2.99") && !text.includes(actor.userId), text);
    const ofActor = await exportOf(actor);
    assert.ok(ofActor.text.includes("192.0.2.99"), "the own actions have all members");
  });
});

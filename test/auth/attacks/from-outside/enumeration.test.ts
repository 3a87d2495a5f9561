import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Answer } from "../../../shared/requests/http.ts";
import { bearer, newPerson, register } from "../../../shared/requests/people.ts";
import { query } from "../../../shared/servers/stores/database.ts";
import { startAttackedPair } from "../../support/attacked-pair.ts";

// A stranger tries to find out whether an address has an account. The attacks were written from the documentation, without
// the code. The file same-time.serial.test.ts compares the times of the answers.

const open = await startAttackedPair();
const verified = await startAttackedPair({ SIGN_UP: "verified" });
const invited = await startAttackedPair({ SIGN_UP: "invited" });

/** Returns the parts of an answer that two equal requests have in common. */
function comparable({ status, headers, text }: Answer) {
  const { date: _date, "x-request-id": _id, etag: _etag, ...rest } = headers;
  return { status, names: Object.keys(headers).toSorted(), rest, text: text.replaceAll(/"requestId":"[^"]*"/g, "") };
}

const known = await register(open.one.url);
const deactivated = await register(open.one.url);
await query(open.database, "UPDATE users SET active = false WHERE id = $1", [deactivated.userId]);
const addresses = [known.email, known.email.toUpperCase(), deactivated.email];

describe("the answer is the same for a known, a deactivated and an unknown address", () => {
  const requests: [string, (email: string) => object][] = [
    ["/auth/login", (email) => ({ email, password: "not the password" })],
    ["/auth/forgot-password", (email) => ({ email })],
    ["/auth/verify-email/resend", (email) => ({ email })],
  ];
  for (const [path, body] of requests)
    test(`POST ${path}`, async () => {
      const unknown = comparable(await open.post(path, body(newPerson().email)));
      for (const email of addresses) {
        const answer = comparable(await open.post(path, body(email)));
        assert.deepEqual({ ...answer, text: answer.text.replaceAll(email, "") }, unknown, email);
      }
    });

  test("POST /auth/login with the right password of a deactivated account", async () => {
    const wrong = comparable(await open.post("/auth/login", { email: known.email, password: "not the password" }));
    const right = { email: deactivated.email, password: deactivated.password };
    assert.deepEqual(comparable(await open.post("/auth/login", right)), wrong);
  });

  test("POST /auth/register with SIGN_UP=verified, also with an invented invitation", async () => {
    const person = newPerson();
    await verified.post("/auth/register", person);
    await verified.post("/auth/verify-email", {
      token: await verified.waitForMailToken(person.email, "/verify-email"),
    });
    assert.equal((await verified.signIn(person)).status, 200);
    const pending = newPerson();
    await verified.post("/auth/register", pending);
    for (const extra of [{}, { invitationToken: "an invented token" }]) {
      const free = comparable(await verified.post("/auth/register", { ...newPerson(), ...extra }));
      for (const { email } of [person, pending])
        assert.deepEqual(comparable(await verified.post("/auth/register", { ...newPerson(), email, ...extra })), free);
    }
    const unknown = comparable(await verified.signIn(newPerson()));
    assert.deepEqual(comparable(await verified.signIn(pending)), unknown, "a sign-in before the verification");
  });

  test("POST /auth/register with SIGN_UP=invited, without a valid invitation", async () => {
    const account = newPerson();
    await query(
      invited.database,
      "INSERT INTO users (id, email, password_hash, name) VALUES (gen_random_uuid(), $1, 'x', 'Pat')",
      [account.email],
    );
    for (const extra of [{}, { invitationToken: "an invented token" }]) {
      const free = comparable(await invited.post("/auth/register", { ...newPerson(), ...extra }));
      assert.ok([400, 403].includes(free.status), free.text);
      assert.deepEqual(comparable(await invited.post("/auth/register", { ...account, ...extra })), free);
    }
  });

  test("PATCH /auth/me with the address of another user", async () => {
    const change = async (email: string) => {
      const person = await register(open.one.url);
      const answer = await open.send("PATCH", "/auth/me", { email }, bearer(person));
      const { id: _id, email: _email, createdAt: _at, ...rest } = answer.json() as Record<string, unknown>;
      return {
        status: answer.status,
        names: comparable(answer).names,
        rest: { ...rest, pendingEmail: typeof rest["pendingEmail"] },
      };
    };
    const free = await change(newPerson().email);
    assert.deepEqual(await change(known.email), free);
    assert.deepEqual(await change(deactivated.email), free);
  });
});

test("a token gets the same refusal whether it never existed, was used, or belongs to a deactivated account", async () => {
  for (const path of ["/auth/reset-password", "/auth/verify-email"]) {
    const kind = path === "/auth/reset-password" ? path.slice(5) : "/verify-email";
    const person = await register(open.one.url);
    if (kind === "/reset-password") await open.requestResetToken(person.email);
    const token = await open.waitForMailToken(person.email, kind);
    const extra = kind === "/reset-password" ? { newPassword: "a new password here" } : {};
    assert.equal((await open.post(path, { token, ...extra })).status, 204);
    const used = comparable(await open.post(path, { token, ...extra }));
    const invented = comparable(await open.post(path, { token: "x".repeat(token.length), ...extra }));
    const deactivatedLater = await register(open.one.url);
    if (kind === "/reset-password") await open.requestResetToken(deactivatedLater.email);
    const earlierToken = await open.waitForMailToken(deactivatedLater.email, kind);
    await query(open.database, "UPDATE users SET active = false WHERE id = $1", [deactivatedLater.userId]);
    const refusedLater = comparable(await open.post(path, { token: earlierToken, ...extra }));
    assert.deepEqual(used, invented);
    if (kind === "/reset-password") assert.deepEqual(refusedLater, invented);
  }
});

test("administration refuses a member in the same way for existing and for unknown users", async () => {
  for (const [method, body] of [
    ["GET", undefined],
    ["PATCH", { active: false }],
  ] as const) {
    const exists = await open.send(method, `/admin/users/${deactivated.userId}`, body, bearer(known));
    const invented = await open.send(method, "/admin/users/0190a0a0-0000-7000-8000-000000000001", body, bearer(known));
    assert.equal(exists.status, 403);
    assert.deepEqual(comparable(exists), comparable(invented));
  }
});

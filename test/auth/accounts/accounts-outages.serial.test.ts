import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { before, test } from "node:test";
import { eventually } from "../../shared/eventually.ts";
import { type Answer, ask } from "../../shared/requests/http.ts";
import {
  bearer,
  login,
  newPerson,
  refresh,
  register,
  type SignedIn,
  sameSecret,
} from "../../shared/requests/people.ts";
import { type FaultProxy, startFaultProxy } from "../../shared/servers/fault-proxy.ts";
import { type MailServer, startMailServer, tokenIn } from "../../shared/servers/mail-server.ts";
import { query, setReadOnly } from "../../shared/servers/stores/database.ts";
import { audience, startTestIssuer, type TestIssuer } from "../../shared/servers/test-issuer.ts";
import { type FaultyHaven, startFaultyHaven } from "../../support/faulty-haven.ts";

// Tests each row of the table of outages in docs/accounts.md.

let mail: MailServer;
let mailPath: FaultProxy;
let issuer: TestIssuer;
let haven: FaultyHaven;
before(async () => {
  mail = await startMailServer();
  mailPath = await startFaultProxy(mail.url);
  issuer = await startTestIssuer();
  haven = await startFaultyHaven({
    env: {
      ...sameSecret,
      AUTH_RATE_LIMIT: "10000",
      MAIL_URL: mailPath.url,
      MAIL_FROM: "no-reply@example.com",
      PUBLIC_URL: "https://app.example.com",
      TRUSTED_ISSUERS: issuer.url,
      TRUSTED_AUDIENCE: audience,
    },
  });
});

const send = (method: string, path: string, headers: Record<string, string> = {}, body?: unknown): Promise<Answer> =>
  ask(`${haven.url}/api/v1${path}`, {
    method,
    headers: { ...headers, ...(body === undefined ? {} : { "content-type": "application/json" }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
const post = (path: string, body: unknown, headers?: Record<string, string>) => send("POST", path, headers, body);

async function signInAsAdmin(): Promise<Record<string, string>> {
  const person = await register(haven.url);
  await query(haven.databaseUrl, "UPDATE users SET role = 'admin' WHERE id = $1", [person.userId]);
  return bearer(await login(haven.url, person));
}

async function tokensOf(person: SignedIn): Promise<{ verification: string; reset: string }> {
  const verification = tokenIn(await mail.mailTo(person.email));
  await post("/auth/forgot-password", { email: person.email });
  return { verification, reset: tokenIn(await mail.mailTo(person.email, 2)) };
}

type Requests = (() => Promise<Answer>)[];

/** Prepares the requests of each row of the table, while everything works. */
async function prepare(): Promise<Record<string, Requests>> {
  const [person, second] = [await register(haven.url), await register(haven.url)];
  const [leaver, forgetful] = [await register(haven.url), await register(haven.url)];
  const [signedOut, renewed] = [await login(haven.url, person), await login(haven.url, person)];
  const tokens = await tokensOf(forgetful);
  const admin = await signInAsAdmin();
  const key = async (scope: string) =>
    (await post("/auth/api-keys", { name: "k", scopes: [scope] }, bearer(person))).json() as {
      id: string;
      key: string;
    };
  const [readKey, revokedKey] = [await key("read"), await key("write")];
  const subject = `subject-${person.userId}`;
  const byIssuer = (name: string) => send("GET", "/auth/me", { authorization: `Bearer ${issuer.sign(name)}` });
  assert.equal((await byIssuer(subject)).status, 200);
  const changed = { currentPassword: second.password, newPassword: "another password by its owner" };
  const asSecond = await login(haven.url, second);
  // An outage of Postgres during a delivery would delay that mail by a minute, so the outage starts after all deliveries.
  await allMailsDelivered();
  return {
    register: [() => post("/auth/register", newPerson())],
    "sign in, sign out": [
      () => post("/auth/login", { email: person.email, password: person.password }),
      () => post("/auth/logout", undefined, bearer(signedOut)),
    ],
    "exchange a refresh token": [() => refresh(haven.url, renewed.refreshToken)],
    "forgot password, resend": [
      () => post("/auth/forgot-password", { email: person.email }),
      () => post("/auth/verify-email/resend", { email: person.email }),
      () => post("/auth/verify-email/resend", undefined, bearer(person)),
    ],
    "read the current user": [() => send("GET", "/auth/me", bearer(person))],
    "change the name": [() => send("PATCH", "/auth/me", bearer(person), { name: "Another Name" })],
    "change the address": [() => send("PATCH", "/auth/me", bearer(person), { email: newPerson().email })],
    "change the password": [() => post("/auth/password", changed, bearer(asSecond))],
    "reset, verify": [
      () => post("/auth/verify-email", { token: tokens.verification }),
      () => post("/auth/reset-password", { token: tokens.reset, newPassword: "another password by a link" }),
    ],
    "delete the account": [() => send("DELETE", "/auth/me", bearer(leaver), { currentPassword: leaver.password })],
    export: [() => send("GET", "/auth/me/export", bearer(person))],
    "create or revoke an API key": [
      () => post("/auth/api-keys", { name: "k", scopes: ["read"] }, bearer(person)),
      () => send("DELETE", `/auth/api-keys/${revokedKey.id}`, bearer(person)),
    ],
    "use an API key for a read": [() => send("GET", "/properties", { authorization: `Bearer ${readKey.key}` })],
    "list users, audit trail": ["/admin/users", "/admin/audit-events", "/admin/audit-events/export"].map(
      (path) => () => send("GET", path, admin),
    ),
    "change a user, end sessions": [
      () => send("PATCH", `/admin/users/${second.userId}`, admin, { active: true }),
      () => send("DELETE", `/admin/users/${person.userId}/sessions`, admin),
    ],
    invite: [() => post("/admin/invitations", { email: newPerson().email }, admin)],
    "token of an issuer, known user": [() => byIssuer(subject)],
    "token of an issuer, new user": [() => byIssuer(`new-${person.userId}`)],
  };
}

const allMailsDelivered = () =>
  eventually(
    () =>
      query(haven.databaseUrl, "SELECT state, data FROM haven_jobs.job WHERE name = 'mail' AND state < 'completed'"),
    (jobs) => jobs.length === 0,
    60_000,
    100,
  );

/** The rows of the table: an operation, and the result in each column. */
const rows = readFileSync(new URL("../../../docs/accounts.md", import.meta.url), "utf8")
  .split("| operation | Redis unavailable |")[1]
  ?.split("\n")
  .slice(2)
  .filter((line) => line.startsWith("| "))
  .map((line) => line.split("|").map((cell) => cell.trim())) as [string, string, ...string[]][];

async function runColumn(requests: Record<string, Requests>, column: number): Promise<void> {
  for (const [, operation, ...results] of rows)
    for (const [index, request] of (requests[operation] ?? []).entries()) {
      const answer = await request();
      const description = `${operation} (${index}): ${answer.status} ${answer.text.slice(0, 300)}`;
      assert.ok(answer.ms < 3000, `${description} took ${answer.ms} ms`);
      if (results[column] === "works") assert.ok(answer.status >= 200 && answer.status < 300, description);
      else {
        assert.equal(answer.status, Number(results[column]), description);
        assert.ok(Number(answer.headers["retry-after"]) >= 1, description);
        assert.equal(answer.headers["set-cookie"], undefined, description);
      }
    }
}

test("the table has exactly the rows of the tested operations", async () => {
  assert.deepEqual(rows.map(([, operation]) => operation).toSorted(), Object.keys(await prepare()).toSorted());
});

test("with Redis unavailable, each operation works or gets 503 as the table says, and works afterwards", async () => {
  const requests = await prepare();
  await haven.redis.set("refuse");
  await haven.until("redis", "down", 10_000);
  await runColumn(requests, 0);
  await haven.redis.set("pass");
  await haven.until("redis", "up", 10_000);
});

test("with a read-only Postgres, each operation works or gets 503 as the table says", async () => {
  const requests = await prepare();
  await setReadOnly(haven.databaseUrl, true);
  await eventually(
    () => post("/auth/forgot-password", { email: newPerson().email }),
    ({ status, text }) => status === 503 && text.includes("read_only"),
    20_000,
    100,
  );
  await runColumn(requests, 1);
  await setReadOnly(haven.databaseUrl, false);
  await eventually(
    () => post("/auth/forgot-password", { email: newPerson().email }),
    ({ status }) => status === 202,
    20_000,
    100,
  );
});

test("with Postgres unavailable, each operation gets 503", async () => {
  const requests = await prepare();
  await haven.postgres.set("refuse");
  await haven.until("postgres", "down", 10_000);
  await runColumn(requests, 2);
  await haven.postgres.set("pass");
  await haven.until("postgres", "up", 20_000);
});

test("with the mail server unavailable, each operation works, and the mails arrive when it is available again", async () => {
  const requests = await prepare();
  const before = mail.received.length;
  await mailPath.set("refuse");
  await runColumn(requests, 3);
  assert.equal(mail.received.length, before);
  await mailPath.set("pass");
  await allMailsDelivered();
  assert.ok(mail.received.length >= before + 8, `${mail.received.length - before} mails`);
});

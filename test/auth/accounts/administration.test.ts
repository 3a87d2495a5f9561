import assert from "node:assert/strict";
import { before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { managedUsers } from "../../../src/auth/admin/repository.ts";
import type { Sql } from "../../../src/db/pool.ts";
import { type Answer, ask, postJson } from "../../shared/requests/http.ts";
import { bearer, login, me, refresh, register, type SignedIn } from "../../shared/requests/people.ts";
import { runProgram } from "../../shared/run-program.ts";
import { type MailServer, startMailServer, tokenIn } from "../../shared/servers/mail-server.ts";
import { query } from "../../shared/servers/stores/database.ts";
import type { Haven } from "../../support/haven.ts";
import { startPair } from "../../support/two-instances.ts";

let one: Haven;
let two: Haven;
let admin: SignedIn;
let mail: MailServer;
before(async () => {
  mail = await startMailServer();
  const mailSettings = { MAIL_URL: mail.url, MAIL_FROM: "no-reply@example.com", PUBLIC_URL: "https://app.example.com" };
  [one, two] = await startPair(mailSettings);
  admin = await register(one.url);
  await query(database(), "UPDATE users SET role = 'admin' WHERE id = $1", [admin.userId]);
  admin = await login(one.url, admin);
});

const database = () => one.running.parts.addresses.databaseUrl;

type ManagedUser = { id: string; email: string; role: string; active: boolean };
type AuditEvent = {
  action: string;
  actorId: string | null;
  targetId: string;
  requestId: string | null;
  address: string | null;
  details: object;
};
type List<Item> = { items: Item[]; nextCursor: string | null };

const get = (path: string, headers: Record<string, string> = {}): Promise<Answer> =>
  ask(`${two.url}/api/v1/admin${path}`, { headers: { ...bearer(admin), ...headers } });

const send = (method: string, path: string, body?: object, headers: Record<string, string> = {}): Promise<Answer> =>
  ask(`${one.url}/api/v1/admin${path}`, {
    method,
    headers: { ...bearer(admin), "content-type": "application/json", ...headers },
    ...(body && { body: JSON.stringify(body) }),
  });

const auditEntries = async (targetId: string) =>
  ((await get(`/audit-events?targetId=${targetId}`)).json() as List<AuditEvent>).items;

test("users are listed newest first, page by page, with a search and filters", async () => {
  const people = [await register(one.url), await register(one.url), await register(one.url)];
  const ids: string[] = [];
  for (let cursor: string | null = ""; cursor !== null; ) {
    const page = (await get(`/users?limit=2${cursor && `&cursor=${cursor}`}`)).json() as List<ManagedUser>;
    ids.push(...page.items.map(({ id }) => id));
    cursor = page.nextCursor;
  }
  assert.deepEqual(ids.slice(0, 3), people.map(({ userId }) => userId).reverse());
  assert.deepEqual(ids, [...new Set(ids)].sort().reverse());
  const [, second] = people as [SignedIn, SignedIn, SignedIn];
  for (const filter of [`email=${second.email.toUpperCase()}`, `q=${second.email.slice(0, -4)}`]) {
    const matches = (await get(`/users?${filter}`)).json() as List<ManagedUser>;
    assert.deepEqual(
      matches.items.map(({ id }) => id),
      [second.userId],
      filter,
    );
  }
  const admins = (await get("/users?role=admin&active=true")).json() as List<ManagedUser>;
  assert.deepEqual(
    admins.items.map(({ id }) => id),
    [admin.userId],
  );
  assert.ok(!(await get("/users")).text.includes("argon2"));
});

test("a list page in the middle of 50,000 users reads few database pages and uses an index, also with a filter that few users match", async () => {
  await query(
    database(),
    `INSERT INTO users (id, email, name, password_hash, active)
     SELECT gen_random_uuid(), 'many-' || n || '@example.org', 'Many', 'x', n % 10000 <> 0 FROM generate_series(1, 50000) AS n`,
  );
  await query(database(), "ANALYZE users");
  const plans: string[] = [];
  const explain = {
    query: async (sql: Sql, values: readonly unknown[] = []) => {
      const text = typeof sql === "string" ? sql : sql.text;
      const rows = await query(database(), `EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) ${text}`, [...values]);
      plans.push(rows.map((row) => row["QUERY PLAN"]).join("\n"));
      return [];
    },
  };
  for (const below of ["ffffffff-ffff-ffff-ffff-ffffffffffff", "80000000-0000-0000-0000-000000000000"])
    for (const filter of [{}, { active: false }, { role: "admin" as const }])
      await managedUsers.list(explain, filter, { below, take: 21 });
  for (const plan of plans) {
    const [, pages = "0"] = /Buffers: shared hit=(\d+)/.exec(plan) ?? [];
    assert.ok(Number(pages) < 100, plan);
    assert.doesNotMatch(plan, /Seq Scan/);
  }
});

test("a deactivation ends every session of the user on every instance at once, also for cookies, and is in the audit trail", async () => {
  const person = await register(one.url);
  const phone = await login(two.url, person);
  for (const { url } of [one, two]) for (const session of [person, phone]) await me(url, session);
  const deactivation = await send(
    "PATCH",
    `/users/${person.userId}`,
    { active: false },
    { "x-request-id": "deactivation-1" },
  );
  assert.deepEqual([deactivation.status, (deactivation.json() as ManagedUser).active], [200, false], deactivation.text);
  for (const { url } of [one, two])
    for (const session of [person, phone]) {
      assert.equal((await me(url, session)).status, 401);
      assert.equal((await ask(`${url}/api/v1/auth/me`, { headers: { cookie: session.cookie } })).status, 401);
      assert.equal((await refresh(url, session.refreshToken)).status, 401);
    }
  assert.partialDeepStrictEqual(await auditEntries(person.userId), [
    { action: "user_deactivated", actorId: admin.userId, requestId: "deactivation-1", address: "127.0.0.1" },
  ]);
  assert.equal((await send("PATCH", `/users/${person.userId}`, { active: false })).status, 200);
  assert.equal((await auditEntries(person.userId)).length, 1, "a repeated request adds no second entry");
  assert.equal((await send("PATCH", `/users/${person.userId}`, { active: true })).status, 200);
  assert.equal((await me(two.url, await login(two.url, person))).status, 200);
  assert.equal((await me(two.url, person)).status, 401);
});

test("an administrator can end the sessions of a user, and the user can sign in again", async () => {
  const person = await register(one.url);
  assert.equal((await send("DELETE", `/users/${person.userId}/sessions`)).status, 204);
  for (const { url } of [one, two]) assert.equal((await me(url, person)).status, 401);
  assert.equal((await me(two.url, await login(two.url, person))).status, 200);
  assert.deepEqual(
    (await auditEntries(person.userId)).map(({ action }) => action),
    ["sessions_ended"],
  );
  const unknown = "0190a0a0-0000-7000-8000-000000000001";
  assert.equal((await send("DELETE", `/users/${unknown}/sessions`)).status, 404);
  assert.equal((await send("PATCH", `/users/${unknown}`, { active: false })).status, 404);
});

test("a change of a user with an outdated If-Match gets 412", async () => {
  const person = await register(one.url);
  const { etag = "" } = (await get(`/users/${person.userId}`)).headers;
  const change = () => send("PATCH", `/users/${person.userId}`, { role: "admin" }, { "if-match": etag });
  assert.equal((await change()).status, 200);
  assert.equal((await change()).status, 412);
  await send("PATCH", `/users/${person.userId}`, { role: "member" });
  assert.deepEqual(
    (await auditEntries(person.userId)).map(({ details }) => details),
    [
      { from: "admin", to: "member" },
      { from: "member", to: "admin" },
    ],
  );
});

test("the audit trail is exported as one line of JSON for each event", async () => {
  const exported = await get("/audit-events/export");
  assert.match(String(exported.headers["content-type"]), /^application\/x-ndjson/);
  const lines = exported.text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as AuditEvent & { id: string });
  assert.ok(lines.length >= 4);
  const listed = (await get("/audit-events?limit=100")).json() as List<AuditEvent>;
  assert.deepEqual(lines, listed.items);
});

test("the command revoke-admin removes the role and the sessions, and the audit trail lists commands without an actor", async () => {
  const person = await register(one.url);
  const { databaseUrl, redis } = one.running.parts.addresses;
  if (redis.kind !== "url") throw new Error("the test needs a single Redis with a URL");
  const main = fileURLToPath(new URL("../../../src/main.ts", import.meta.url));
  const run = (command: string) =>
    runProgram(process.execPath, [main, command, person.email], {
      env: { PATH: process.env["PATH"], DATABASE_URL: databaseUrl, REDIS_URL: redis.url },
    });
  assert.equal((await run("grant-admin")).code, 0);
  const asAdmin = await login(two.url, person);
  const users = (url: string) => ask(`${url}/api/v1/admin/users`, { headers: bearer(asAdmin) });
  assert.equal((await users(one.url)).status, 200);
  const { code, output } = await run("revoke-admin");
  assert.deepEqual([code, output], [0, "The account is no longer an administrator, and its sessions are revoked.\n"]);
  for (const { url } of [one, two]) assert.equal((await users(url)).status, 401);
  const again = await login(two.url, person);
  assert.equal((await ask(`${one.url}/api/v1/admin/users`, { headers: bearer(again) })).status, 403);
  assert.partialDeepStrictEqual(await auditEntries(person.userId), [
    { action: "role_changed", actorId: null, address: null, details: { to: "member" } },
    { action: "role_changed", actorId: null, address: null, details: { to: "admin" } },
  ]);
});

test("an invitation is sent by mail, and the user who accepts it gets the address and the role of the invitation", async () => {
  const email = "invited@example.org";
  const created = await send("POST", "/invitations", { email, role: "admin" });
  assert.equal(created.status, 201, created.text);
  const invitation = created.json() as { id: string };
  assert.ok(!/token/.test(created.text), "the token is in the mail only");
  assert.partialDeepStrictEqual(await auditEntries(invitation.id), [
    { action: "invitation_created", actorId: admin.userId, details: { role: "admin" } },
  ]);
  const token = tokenIn(await mail.mailTo(email));
  const person = { email, password: "correct horse battery", name: "Invited" };
  const joined = await postJson(`${two.url}/api/v1/auth/register`, { ...person, invitationToken: token });
  assert.equal(joined.status, 201, joined.text);
  assert.equal((joined.json() as { user: { role: string } }).user.role, "admin");
  assert.equal((await send("POST", "/invitations", { email })).status, 409);
});

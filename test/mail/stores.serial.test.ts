import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "../shared/eventually.ts";
import { without } from "../shared/programs.ts";
import { ask, postJson } from "../shared/requests/http.ts";
import { newPerson, register, sameSecret } from "../shared/requests/people.ts";
import { type MailServer, startMailServer, tokenIn } from "../shared/servers/mail-server.ts";
import { appRole, asAppRole, freshDatabase, query, setReadOnly } from "../shared/servers/stores/database.ts";
import { startPgBouncer } from "../shared/servers/stores/pgbouncer.ts";
import { startHaven } from "../support/haven.ts";

// Tests of the mail queue with a pooler, with a read-only Postgres, and during the shutdown of an instance.

const settings = ({ url }: Pick<MailServer, "url">) => ({
  ...sameSecret,
  MAIL_URL: url,
  MAIL_FROM: "no-reply@example.com",
  PUBLIC_URL: "https://app.example.com",
});

const stateOfMails = (database: string) =>
  query<{ state: string; attempts: number }>(
    database,
    "SELECT state::text, retry_count AS attempts FROM haven_jobs.job WHERE name = 'mail' ORDER BY created_on",
  );

test("behind a pooler in transaction mode, mails are queued, delivered, retried and moved to the failed mails", {
  skip: without("pgbouncer"),
}, async () => {
  const mail = await startMailServer();
  const direct = await freshDatabase();
  const pooler = await startPgBouncer({
    port: Number(new URL(direct).port),
    users: { [appRole.name]: appRole.password },
    settings: ["default_pool_size = 5"],
  });
  const url = new URL(asAppRole(direct));
  url.port = String(pooler.port);
  const env = { ...settings(mail), DATABASE_URL: url.href, DB_POOLER: "transaction" };
  const haven = await startHaven({ env });
  const people = await Promise.all(Array.from({ length: 10 }, () => register(haven.url)));
  for (const { email } of people) await mail.mailTo(email);
  assert.equal(mail.received.length, 10);

  mail.refuseWith(451);
  const { email } = await register(haven.url);
  await eventually(
    () => stateOfMails(direct),
    (mails) => mails.some(({ state }) => state === "retry"),
    20_000,
  );
  mail.refuseWith(undefined);
  await query(direct, "UPDATE haven_jobs.job SET start_after = now() WHERE name = 'mail'");
  const token = tokenIn(await mail.mailTo(email));
  assert.equal((await postJson(`${haven.url}/api/v1/auth/verify-email`, { token })).status, 204);

  mail.refuseWith(550);
  await register(haven.url);
  await eventually(
    () => query(direct, "SELECT FROM haven_jobs.job WHERE name = 'mail-failed'"),
    (rows) => rows.length === 1,
    20_000,
  );
});

test("with a read-only Postgres, requests that queue a mail get 503 read_only, and the queue works again afterwards", async () => {
  const mail = await startMailServer();
  const database = await freshDatabase();
  const haven = await startHaven({ env: { ...settings(mail), DATABASE_URL: asAppRole(database) } });
  const { email } = await register(haven.url);
  await mail.mailTo(email);
  const requestReset = () => postJson(`${haven.url}/api/v1/auth/forgot-password`, { email });
  await setReadOnly(database, true);
  const refused = await eventually(
    requestReset,
    ({ status, text }) => status === 503 && text.includes("read_only"),
    20_000,
    100,
  );
  assert.ok(Number(refused.headers["retry-after"]) > 0);
  assert.equal((await ask(`${haven.url}/ready`)).status, 200);
  await setReadOnly(database, false);
  await eventually(requestReset, ({ status }) => status === 202, 20_000, 100);
  assert.ok(tokenIn(await mail.mailTo(email, 2)).length > 20);
  const { email: later } = await register(haven.url, newPerson());
  await mail.mailTo(later);
});

test("an instance finishes the delivery in progress before it stops", async () => {
  const mail = await startMailServer();
  const database = await freshDatabase();
  const haven = await startHaven({ env: { ...settings(mail), DATABASE_URL: asAppRole(database) } });
  mail.pause();
  const { email } = await register(haven.url);
  await eventually(
    () => stateOfMails(database),
    (mails) => mails[0]?.state === "active",
    20_000,
  );
  const stopped = haven.stop();
  mail.resume();
  await stopped;
  await mail.mailTo(email);
  assert.deepEqual(await stateOfMails(database), [{ state: "completed", attempts: 0 }]);
});

test("if an instance stops during a delivery that hangs, another instance delivers the mail", async () => {
  const mail = await startMailServer();
  const database = await freshDatabase();
  const env = { ...settings(mail), DATABASE_URL: asAppRole(database) };
  const haven = await startHaven({ env });
  mail.pause();
  const { email } = await register(haven.url);
  await eventually(
    () => stateOfMails(database),
    (mails) => mails[0]?.state === "active",
    20_000,
  );
  await haven.stop();
  assert.equal((await stateOfMails(database))[0]?.state, "retry");
  mail.resume();
  await query(database, "UPDATE haven_jobs.job SET start_after = now() WHERE name = 'mail'");
  await startHaven({ env: { ...env, INSTANCE_ID: "another" } });
  await mail.mailTo(email);
  assert.equal(mail.received.length, 1, "the stopped instance has closed its connection to the mail server");
});

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { eventually } from "../shared/eventually.ts";
import { ask, postJson } from "../shared/requests/http.ts";
import { bearer, newPerson, register, sameSecret } from "../shared/requests/people.ts";
import { linkIn, startMailServer, tokenIn } from "../shared/servers/mail-server.ts";
import { asAppRole, freshDatabase, query } from "../shared/servers/stores/database.ts";
import { startHaven } from "../support/haven.ts";
import { metric } from "../support/metric.ts";

const settings = (url: string) => ({
  ...sameSecret,
  MAIL_URL: url,
  MAIL_FROM: "Haven <no-reply@example.com>",
  PUBLIC_URL: "https://app.example.com/",
});

const stateOf = async (url: string) =>
  ((await ask(`${url}/ready`)).json() as { status: string; checks: Record<string, { status: string }> }).checks["mail"]
    ?.status;

/** Returns the SQL statements of the first SQL block of a page of the documentation. */
const statementsOf = (page: string): string[] => {
  const text = readFileSync(new URL(`../../${page}`, import.meta.url), "utf8");
  const block = /```sql\n([\s\S]*?)```/.exec(text)?.[1] ?? "";
  return block.split("\n").filter((line) => /^[A-Z]/.test(line));
};

describe("a mail server", () => {
  test("receives a mail in plain text with a link below PUBLIC_URL", async () => {
    const mail = await startMailServer();
    const haven = await startHaven({ env: settings(mail.url) });
    const person = await register(haven.url);
    const received = await mail.mailTo(person.email);
    assert.equal(received.from, "no-reply@example.com");
    assert.match(received.headers, /^Content-Type: text\/plain/im);
    assert.match(received.headers, /^Auto-Submitted: auto-generated$/im);
    assert.ok(linkIn(received).href.startsWith("https://app.example.com/verify-email?token="));
  });

  test("receives the mail after an outage, and the instance stays in rotation during the outage", async () => {
    const first = await startMailServer();
    await first.stop();
    const database = await freshDatabase();
    const haven = await startHaven({ env: { ...settings(first.url), DATABASE_URL: asAppRole(database) } });
    const person = await register(haven.url);
    await eventually(
      () => stateOf(haven.url),
      (state) => state === "down",
      20_000,
    );
    assert.equal((await ask(`${haven.url}/ready`)).status, 200);
    await eventually(
      () => metric(haven.url, 'mail_deliveries_total{outcome="repeated"}'),
      (count) => count >= 1,
      20_000,
    );
    const recovered = await startMailServer({ port: first.port });
    // The next attempt would start only after a pause, so the test moves its start time.
    await query(database, "UPDATE haven_jobs.job SET start_after = now() WHERE name = 'mail'");
    assert.ok(tokenIn(await recovered.mailTo(person.email)).length > 20);
  });

  test("receives a mail only once if it rejects the recipient permanently, and the operator can resend the mail as documented", async () => {
    const mail = await startMailServer();
    const database = await freshDatabase();
    const haven = await startHaven({ env: { ...settings(mail.url), DATABASE_URL: asAppRole(database) } });
    mail.refuseWith(550);
    const { userId, email } = await register(haven.url);
    await eventually(
      () => metric(haven.url, 'mail_deliveries_total{outcome="failed"}'),
      (count) => count === 1,
      20_000,
    );
    const failed = await eventually(
      () =>
        query<{ userId: string }>(
          database,
          `SELECT data->>'userId' AS "userId" FROM haven_jobs.job WHERE name = 'mail-failed'`,
        ),
      (rows) => rows.length === 1,
    );
    assert.equal(failed[0]?.userId, userId);
    // A rejected recipient does not mean that the mail server is down.
    assert.notEqual(await stateOf(haven.url), "down");

    const [select = "", update = ""] = statementsOf("docs/accounts.md");
    const [shown] = await query<{ source_output: { reason: string } }>(database, select);
    assert.match(shown?.source_output.reason ?? "", /EENVELOPE 550/);
    mail.refuseWith(undefined);
    await query(database, update);
    await mail.mailTo(email);
  });

  test("receives each mail once from two instances that share the queue", async () => {
    const mail = await startMailServer();
    const shared = { ...settings(mail.url), DATABASE_URL: asAppRole(await freshDatabase()) };
    const one = await startHaven({ env: shared });
    const two = await startHaven({ env: { ...shared, INSTANCE_ID: "two" } });
    const people = await Promise.all(
      Array.from({ length: 10 }, (_, index) => register((index % 2 === 0 ? one : two).url)),
    );
    for (const { email } of people) await mail.mailTo(email);
    assert.equal(mail.received.length, people.length);
  });
});

describe("without a mail server", () => {
  test("development keeps the mails and shows them at /dev/mail, as a page and as JSON", async () => {
    const haven = await startHaven({ env: { ...sameSecret, NODE_ENV: "development" } });
    const { email } = await register(haven.url);
    type MailPage = { items: { to: string; subject: string; text: string }[] };
    const mails = await eventually(
      async () => ((await ask(`${haven.url}/dev/mail`)).json() as MailPage).items,
      (items) => items.length > 0,
      20_000,
    );
    assert.equal(mails[0]?.to, email);
    const page = await ask(`${haven.url}/dev/mail`, { headers: { accept: "text/html" } });
    assert.match(page.headers["content-type"] ?? "", /text\/html/);
    assert.ok(page.text.includes(email));
    assert.match(page.text, /<a href="\/api\/docs#tag-auth">/);
    const landingPage = await ask(`${haven.url}/api`, { headers: { accept: "text/html" } });
    assert.match(landingPage.text, /<a href="\/dev\/mail">/);
    const token = /token=(\S+)/.exec(mails[0]?.text ?? "")?.[1];
    assert.equal((await postJson(`${haven.url}/api/v1/auth/verify-email`, { token })).status, 204);
  });

  test("in other environments there is no /dev/mail, and operations that need mail return a problem with the reason", async () => {
    const haven = await startHaven({ env: sameSecret });
    assert.equal((await ask(`${haven.url}/dev/mail`)).status, 404);
    const person = await register(haven.url);
    const answers = [
      await postJson(`${haven.url}/api/v1/auth/verify-email/resend`, {}, bearer(person)),
      await postJson(`${haven.url}/api/v1/auth/verify-email/resend`, { email: newPerson().email }),
      await postJson(`${haven.url}/api/v1/auth/verify-email/resend`, { email: person.email }),
    ];
    for (const answer of answers) {
      assert.equal(answer.status, 503);
      assert.match((answer.json() as { detail: string }).detail, /MAIL_URL/);
      assert.ok(Number(answer.headers["retry-after"]) > 0);
    }
  });
});

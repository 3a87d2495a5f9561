import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "../../../test/shared/eventually.ts";
import { query } from "../../../test/shared/servers/stores/database.ts";
import { newKey } from "../../../test/shared/servers/test-issuer.ts";
import type { Answer, User } from "../load/user.ts";
import type { Testbed } from "../testbed/testbed.ts";
import type { Accounts } from "../topologies/accounts.ts";
import type { Fault, FaultFacts, Finding } from "./fault.ts";

const mailsPerFault = 12;
/** The wait for all mails. It is longer than the pauses between the first delivery attempts. */
const arrivalMs = 90_000;

type AccountsTestbed = Testbed<Accounts>;
type MailFaultFacts = Pick<FaultFacts, "name" | "title" | "description"> & {
  inject(testbed: AccountsTestbed): Promise<unknown>;
  undo(testbed: AccountsTestbed): Promise<unknown>;
  holdMs?: number;
};

const askForMail = (user: User): Promise<Answer> =>
  user.ask({
    method: "POST",
    path: "/api/v1/auth/forgot-password",
    body: { email: user.login.body.email },
    fromNewAddress: true,
  });

/** A fault of the mail server, during which users ask for mails. Afterwards each mail has to arrive once. */
function mailFault({ inject, undo, holdMs = 8000, ...facts }: MailFaultFacts, index: number): Fault<Accounts> {
  let answers: readonly Answer[] = [];
  // Each fault has its own users, because Haven limits the mails of one kind to an account.
  const usersOf = ({ users }: AccountsTestbed) => users.slice(index * mailsPerFault, (index + 1) * mailsPerFault);
  return {
    ...facts,
    holdMs,
    async inject(testbed) {
      await inject(testbed);
      answers = await Promise.all(usersOf(testbed).map(askForMail));
    },
    undo,
    async findings(testbed): Promise<Finding[]> {
      const arrived = () =>
        usersOf(testbed).map(
          ({ login }) =>
            testbed.mail.received.filter(
              ({ to, text }) => to.includes(login.body.email) && text.includes("/reset-password?token="),
            ).length,
        );
      const counts = await eventually(arrived, (all) => all.every((count) => count > 0), arrivalMs).catch(arrived);
      const refused = answers.filter(({ result }) => result !== "ok").length;
      const lost = counts.filter((count) => count === 0).length;
      const repeated = counts.filter((count) => count > 1).length;
      return [
        {
          what: `of ${answers.length} mails that users requested, ${refused} were refused, ${lost} lost and ${repeated} repeated (limit: 0)`,
          met: refused + lost + repeated === 0,
        },
      ];
    },
    bounds: { noRequestFails: true, noAttemptFails: true },
  };
}

/** The statement of docs/accounts.md with which an operator delivers failed mails again. */
const deliverAgain =
  "UPDATE haven_jobs.job SET name = 'mail', dead_letter = 'mail-failed' WHERE name = 'mail-failed' AND state = 'created'";

const mailFaults = [
  {
    name: "mail-refused",
    title: "Mail server refuses connections",
    description: "The port of the mail server is closed.",
    inject: ({ mailPath }) => mailPath.set("refuse"),
    undo: ({ mailPath }) => mailPath.set("pass"),
  },
  {
    name: "mail-silent",
    title: "Mail server silent",
    description: "The mail server accepts connections and never answers.",
    holdMs: 12_000,
    inject: ({ mailPath }) => mailPath.set("hole"),
    undo: ({ mailPath }) => mailPath.set("pass"),
  },
  {
    name: "mail-slow",
    title: "Mail server slow",
    description: "Each answer of the mail server takes a second.",
    inject: ({ mailPath }) => mailPath.set({ delayMs: 1000 }),
    undo: ({ mailPath }) => mailPath.set("pass"),
  },
  {
    name: "mail-postponed",
    title: "Mail server postpones mails",
    description: "The mail server answers 451 to each recipient.",
    inject: async ({ mail }) => mail.refuseWith(451),
    undo: async ({ mail }) => mail.refuseWith(undefined),
  },
  {
    name: "mail-rejected",
    title: "Mail server rejects mails for good",
    description: "The mail server answers 550 to each recipient. Then the operator delivers the failed mails again.",
    inject: async ({ mail }) => mail.refuseWith(550),
    async undo({ mail, database }) {
      await eventually(
        () => query(database.adminUrl, "SELECT FROM haven_jobs.job WHERE name = 'mail-failed'"),
        (rows) => rows.length >= mailsPerFault,
        20_000,
      );
      mail.refuseWith(undefined);
      await query(database.adminUrl, deliverAgain);
    },
  },
] satisfies MailFaultFacts[];

const tokenReads = 5;
const readEveryMs = 100;

/**
 * Sends a request with a token of the issuer through the proxy. Each request comes from a new address, because the
 * proxies limit the requests of one address and answer 429 above the limit.
 */
const readWith = (user: User, token: string): Promise<Answer> =>
  user.ask({
    method: "GET",
    path: "/api/v1/auth/me",
    headers: { authorization: `Bearer ${token}` },
    fromNewAddress: true,
  });

const resultsOf = (answers: readonly Answer[]): string =>
  answers.length === 0 ? "" : `: ${[...new Set(answers.map(({ result }) => result))].join(", ")}`;

/** The identity provider is unreachable, and has changed its key. */
function issuerFault(): Fault<Accounts> {
  const knownKeyAnswers: Answer[] = [];
  const newKeyAnswers: Answer[] = [];
  const nextKey = newKey("key-2");
  const tokenOf = ({ issuer }: AccountsTestbed, subject: string, key = issuer.key) =>
    issuer.sign(subject, { claims: { iss: issuer.url }, header: { kid: key.kid }, key: key.privateKey });
  const [name, holdMs] = ["issuer-away", 8000];
  return {
    name,
    title: "Identity provider away",
    description:
      "The port of the provider is closed, and it has a new key: tokens of the known key are served, those of the new one get 503.",
    async prepare(testbed) {
      for (const user of testbed.users.slice(0, tokenReads)) await readWith(user, tokenOf(testbed, "robot"));
    },
    async inject(testbed) {
      await testbed.issuerPath.set("refuse");
      testbed.issuer.answer("/jwks", { keys: [testbed.issuer.key.jwk, nextKey.jwk] });
      for (const end = performance.now() + holdMs; performance.now() < end; await sleep(readEveryMs)) {
        for (const user of testbed.users.slice(0, tokenReads))
          knownKeyAnswers.push(await readWith(user, tokenOf(testbed, "robot")));
        const [user] = testbed.users;
        if (user) newKeyAnswers.push(await readWith(user, tokenOf(testbed, "robot", nextKey)));
      }
    },
    undo: ({ issuerPath }) => issuerPath.set("pass"),
    async findings(testbed): Promise<Finding[]> {
      const failed = knownKeyAnswers.filter(({ status }) => status !== 200);
      const wrong = newKeyAnswers.filter(({ status, headers }) => status !== 503 || !headers["retry-after"]);
      const served = async () =>
        (
          await Promise.all(
            testbed.users.slice(0, tokenReads).map((user) => readWith(user, tokenOf(testbed, "robot", nextKey))),
          )
        ).every(({ status }) => status === 200);
      const isServed = await eventually(served, Boolean, 20_000, 200).catch(() => false);
      return [
        {
          what: `${failed.length} of ${knownKeyAnswers.length} requests with tokens of the known key failed${resultsOf(failed)} (limit: 0)`,
          met: failed.length === 0,
        },
        {
          what: `${wrong.length} of ${newKeyAnswers.length} requests with tokens of the new key got another answer than 503 with Retry-After${resultsOf(wrong)} (limit: 0)`,
          met: wrong.length === 0,
        },
        { what: "tokens of the new key are served after the provider is back", met: isServed },
      ];
    },
    bounds: { noRequestFails: true, noAttemptFails: true },
  };
}

export const accountFaults: readonly Fault<Accounts>[] = [...mailFaults.map(mailFault), issuerFault()];

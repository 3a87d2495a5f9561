import { postJson } from "../../../shared/requests/http.ts";
import { newPerson, register } from "../../../shared/requests/people.ts";
import type { Case } from "../case.ts";
import type { Stage } from "../stage.ts";

/** Requests a mail for each of this many new accounts. */
async function requestMails({ instance }: Stage, count: number): Promise<void> {
  const { url } = instance("api-server-1");
  for (let done = 0; done < count; done += 1) {
    const person = newPerson();
    await register(url, person);
    await postJson(`${url}/api/v1/auth/forgot-password`, { email: person.email });
  }
}

/** Alerts about account mail. */
export const mailCases: readonly Case[] = [
  {
    alert: "MailServerDown",
    fault: "the mail server refuses connections",
    withinMs: 90_000,
    async inject({ mailPath }) {
      await mailPath.set("refuse");
      return () => mailPath.set("pass");
    },
    steps: [{ section: "MailServerDown", output: /^mail: down, reason refused/, finding: "`refused`" }],
  },
  {
    alert: "MailQueueGrows",
    fault: "the mail server postpones every mail with 450",
    withinMs: 60_000,
    async inject(stage) {
      stage.mail.refuseWith(450);
      await requestMails(stage, 25);
      return () => stage.mail.refuseWith(undefined);
    },
    steps: [{ section: "MailQueueGrows", output: /450/, finding: "limits of the mail server" }],
  },
  {
    alert: "MailsFail",
    fault: "the mail server rejects every recipient with 550",
    withinMs: 60_000,
    async inject(stage) {
      stage.mail.refuseWith(550);
      await requestMails(stage, 15);
      return () => stage.mail.refuseWith(undefined);
    },
    steps: [{ section: "MailsFail", output: /550/, finding: "rejects the sender" }],
  },
];

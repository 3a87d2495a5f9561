import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "../shared/eventually.ts";
import { postJson } from "../shared/requests/http.ts";
import { newPerson } from "../shared/requests/people.ts";
import { type MailServer, startMailServer } from "../shared/servers/mail-server.ts";
import { startHaven } from "../support/haven.ts";
import { type ReceivedSpan, type Receiver, startReceiver, withReceiver } from "../support/otlp-receiver.ts";

async function startSending(mail: MailServer, receiver: Receiver) {
  return startHaven({
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
      MAIL_URL: mail.url,
      MAIL_FROM: "no-reply@example.com",
      PUBLIC_URL: "https://app.example.com",
    },
  });
}

/** Registers an account, and returns the spans of the delivery of its mail. The span `root` links to the request. */
async function deliveryOf(url: string, receiver: Receiver) {
  const person = newPerson();
  const answer = await postJson(`${url}/api/v1/auth/register`, person);
  assert.equal(answer.status, 201);
  const requestTrace = String(answer.headers["traceresponse"]).split("-")[1];
  const root = await eventually(
    () => receiver.spans().find(({ name, links }) => name === "deliver a mail" && links[0]?.traceId === requestTrace),
    (span) => span !== undefined,
    20_000,
  );
  const isSend = ({ name, parentSpanId }: ReceivedSpan) => name === "smtp send" && parentSpanId === root?.spanId;
  const spans = await receiver.trace(root?.traceId ?? "", isSend);
  return { person, root, spans, send: spans.find(isSend) };
}

test(
  "the delivery of a mail is a trace with its statements and the call to the mail server, and links to the request",
  withReceiver,
  async () => {
    const [mail, receiver] = [await startMailServer(), await startReceiver()];
    const haven = await startSending(mail, receiver);
    const { person, root, spans, send } = await deliveryOf(haven.url, receiver);
    assert.equal(root?.failed, false);
    assert.equal(root?.attributes["haven.mail.kind"], "verify-address");
    assert.equal(send?.kind, 3);
    assert.equal(send?.failed, false);
    assert.ok(spans.some(({ name, parentSpanId }) => name.startsWith("postgres ") && parentSpanId === root?.spanId));
    await mail.mailTo(person.email);
    assert.ok(!receiver.text().includes(person.email), "the address is in no span");
  },
);

test("the trace of a mail that the server rejects has the code of the rejection", withReceiver, async () => {
  const [mail, receiver] = [await startMailServer(), await startReceiver()];
  mail.refuseWith(550);
  const haven = await startSending(mail, receiver);
  const { root, send } = await deliveryOf(haven.url, receiver);
  for (const span of [root, send]) {
    assert.equal(span?.failed, true);
    assert.equal(span?.attributes["error.type"], "EENVELOPE 550");
  }
  assert.ok(root?.events.some(({ name }) => name === "exception"));
});

import assert from "node:assert/strict";
import { before, test } from "node:test";
import { eventually } from "../shared/eventually.ts";
import { ask } from "../shared/requests/http.ts";
import { bearer, me, register, type SignedIn } from "../shared/requests/people.ts";
import { type FaultyHaven, startFaultyHaven } from "../support/faulty-haven.ts";
import { type Receiver, startReceiver, withReceiver } from "../support/otlp-receiver.ts";

const server = 2;
const client = 3;

let receiver: Receiver;
let haven: FaultyHaven;
let person: SignedIn;
if (withReceiver.skip === false)
  before(async () => {
    receiver = await startReceiver();
    haven = await startFaultyHaven({
      env: {
        OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
        OTEL_RESOURCE_ATTRIBUTES: "team=houses",
        SESSION_CACHE: "off",
      },
    });
    person = await register(haven.url);
  });

const traceIdOf = ({ headers }: { headers: Readonly<Record<string, unknown>> }): string =>
  String(headers["traceresponse"]).split("-")[1] ?? "";

test(
  "a request is one trace with a span for each command of Redis and statement of Postgres",
  withReceiver,
  async () => {
    const created = await ask(`${haven.url}/api/v1/properties`, {
      method: "POST",
      headers: { ...bearer(person), "content-type": "application/json", "idempotency-key": "a-key-of-the-test" },
      body: JSON.stringify({
        name: "House in a trace",
        kind: "house",
        address: { line1: "Street 1", city: "Town", postalCode: "12345", country: "DE" },
      }),
    });
    assert.equal(created.status, 201);
    const spans = await receiver.trace(traceIdOf(created), ({ kind }) => kind === server);
    const root = spans.find(({ kind }) => kind === server);
    assert.equal(root?.name, "POST /api/v1/properties");
    assert.equal(root.attributes["http.response.status_code"], "201");
    assert.equal(root.attributes["haven.request_id"], created.headers["x-request-id"]);
    assert.equal(root.resource["service.name"], "haven-api");
    assert.equal(root.resource["service.instance.id"], "test-instance");
    assert.equal(root.resource["team"], "houses");
    const children = spans.filter(({ parentSpanId }) => parentSpanId === root.spanId);
    assert.equal(children.length, spans.length - 1, "every other span is a child of the request");
    const names = new Set(children.map(({ name }) => name));
    for (const name of ["redis look-up", "postgres BEGIN", "postgres INSERT", "postgres COMMIT"])
      assert.ok(names.has(name), `${name} among ${[...names]}`);
    for (const { kind, attributes } of children.filter(({ name }) => name.startsWith("postgres "))) {
      assert.equal(kind, client);
      assert.doesNotMatch(String(attributes["db.query.text"]), /House in a trace|Street 1|@example/);
    }
  },
);

test("log lines, the access log and the problem of a request name its trace", withReceiver, async () => {
  const missing = await ask(`${haven.url}/api/v1/units/00000000-0000-7000-8000-000000000000`, {
    headers: bearer(person),
  });
  assert.equal(missing.status, 404);
  const traceId = traceIdOf(missing);
  assert.match(traceId, /^[0-9a-f]{32}$/);
  assert.equal((missing.json() as { traceId: string }).traceId, traceId);
  const line = await eventually(
    () => haven.logs.find((one) => one.msg === "request" && one["traceId"] === traceId),
    Boolean,
  );
  assert.equal(line?.["requestId"], missing.headers["x-request-id"]);
});

test("the trace of a trusted proxy is continued, and a malformed traceparent is replaced", withReceiver, async () => {
  const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
  const headers = { ...bearer(person), traceparent: `00-${traceId}-00f067aa0ba902b7-01`, tracestate: "vendor=1" };
  const answer = await ask(`${haven.url}/api/v1/auth/me`, { headers });
  assert.equal(traceIdOf(answer), traceId);
  const [root] = (await receiver.trace(traceId, ({ kind }) => kind === server)).filter(({ kind }) => kind === server);
  assert.equal(root?.parentSpanId, "00f067aa0ba902b7");
  for (const traceparent of [
    "00-0-0-01",
    `00-${"0".repeat(32)}-00f067aa0ba902b7-01`,
    `ff-${traceId}-00f067aa0ba902b7-01`,
  ])
    assert.notEqual(traceIdOf(await ask(`${haven.url}/api`, { headers: { traceparent } })), traceId);
});

test(
  "the trace of a request that an open breaker rejects names the breaker and has the exception",
  withReceiver,
  async () => {
    await haven.postgres.set("refuse");
    await haven.until("postgres", "down", 20_000);
    const refused = await ask(`${haven.url}/api/v1/properties`, { headers: bearer(person) });
    assert.equal(refused.status, 503);
    const spans = await receiver.trace(traceIdOf(refused), ({ kind }) => kind === server);
    const root = spans.find(({ kind }) => kind === server);
    assert.ok(root?.failed);
    assert.equal(root.attributes["error.type"], "unavailable");
    const rejected = root.events.find(({ name }) => name === "rejected by the open circuit breaker");
    assert.equal(rejected?.attributes["haven.breaker"], "postgres");
    assert.ok(root.events.some(({ name }) => name === "exception"));
    await haven.postgres.set("pass");
    await haven.until("postgres", "up", 20_000);
  },
);

test("probes and metrics are not traced, and no trace contains a secret", withReceiver, async () => {
  for (const path of ["/ready", "/metrics", "/health/detailed", "/alive"])
    assert.equal((await ask(haven.url + path)).headers["traceresponse"], undefined, path);
  const answer = await me(haven.url, person);
  await receiver.trace(traceIdOf(answer), ({ kind }) => kind === server);
  const names = receiver.spans().map(({ name }) => name);
  for (const part of ["/ready", "/metrics", "/health", "/alive"])
    assert.ok(!names.some((name) => name.includes(part)), part);
  for (const secret of [person.password, person.accessToken, person.refreshToken, person.email, person.cookie])
    assert.ok(!receiver.text().includes(secret), "a secret of the person is in a trace");
});

test(
  "OpenMetrics has the trace of a request as an exemplar of its latency, and the text format has none",
  withReceiver,
  async () => {
    const traceId = traceIdOf(await me(haven.url, person));
    const scrape = (accept: string) => ask(`${haven.url}/metrics`, { headers: { accept } }).then(({ text }) => text);
    const open = await eventually(
      () => scrape("application/openmetrics-text"),
      (text) => text.includes(traceId),
    );
    assert.match(
      open,
      new RegExp(
        `^http_request_duration_seconds_bucket\\{.*route="/api/v1/auth/me".*\\} \\d+ # \\{trace_id="${traceId}"\\} `,
        "m",
      ),
    );
    assert.ok(!(await scrape("text/plain")).includes("trace_id"));
  },
);

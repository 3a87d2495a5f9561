import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { eventually } from "../shared/eventually.ts";
import { bearer, newPerson, type SignedIn, signedIn } from "../shared/requests/people.ts";
import { type EdgeAnswer, send, sendJson } from "../shared/requests/proxy-client.ts";
import { type Fleet, names, startEngines, startFleet } from "../shared/servers/fleet.ts";
import { type RunningProxy, startHaproxy, startNginx } from "../shared/servers/proxies.ts";
import { type ReceivedSpan, type Receiver, startReceiver, withReceiver } from "../support/otlp-receiver.ts";
import { waitForLogLine } from "./support/edge.ts";

const clientTrace = "0af7651916cd43dd8448eb211c80319c";
const clientSpan = "b7ad6b7169203331";

let receiver: Receiver;
let fleet: Fleet;
let person: SignedIn;

if (withReceiver.skip === false)
  before(async () => {
    await startEngines();
    receiver = await startReceiver();
    fleet = await startFleet({ env: { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint, SESSION_CACHE: "off" } });
  });

const isRequest = ({ kind }: ReceivedSpan): boolean => kind === 2;
const traceIdOf = ({ headers }: EdgeAnswer): string => String(headers["traceresponse"]).split("-")[1] ?? "";

for (const [name, start] of [
  ["NGINX", startNginx],
  ["HAProxy", startHaproxy],
] as const) {
  describe(`behind ${name}`, () => {
    let proxy: RunningProxy;
    if (withReceiver.skip === false)
      before(async () => {
        proxy = await start();
        person = signedIn(await sendJson("/api/v1/auth/register", newPerson()), newPerson());
      });

    test("client, proxy, instance, Postgres and Redis are one trace with the right parents", withReceiver, async () => {
      const path = `/api/v1/properties?limit=${name.length}`;
      const headers = { ...bearer(person), traceparent: `00-${clientTrace}-${clientSpan}-01` };
      const answer = await send(path, { headers });
      assert.equal(answer.status, 200);
      const requestId = answer.headers["x-request-id"];
      const isRoot = (span: ReceivedSpan) => isRequest(span) && span.attributes["haven.request_id"] === requestId;
      const spans = await receiver.trace(clientTrace, isRoot);
      const root = spans.find(isRoot);
      assert.equal(root?.parentSpanId, clientSpan);
      const children = spans.filter(({ parentSpanId }) => parentSpanId === root?.spanId).map((span) => span.name);
      assert.ok(children.includes("redis look-up"), String(children));
      assert.ok(children.includes("postgres SELECT"), String(children));
      const line = await eventually(
        () => proxy.accessLog().find((one) => one.requestId === requestId),
        (found) => found !== undefined,
      );
      assert.equal(line?.["traceparent"], headers.traceparent);
      assert.equal(line?.["traceId"], clientTrace);
      assert.ok(fleet.output().includes(`"traceId":"${clientTrace}"`));
    });

    test("requests of one client to two instances belong to the client's trace", withReceiver, async () => {
      const headers = { ...bearer(person), traceparent: `00-${clientTrace}-${clientSpan}-01` };
      await eventually(
        async () => {
          await send("/api/v1/auth/me", { headers });
          const roots = receiver.spans().filter((span) => span.traceId === clientTrace && isRequest(span));
          return new Set(roots.map(({ resource }) => resource["service.instance.id"]));
        },
        (instances) => instances.size >= 2 && names.some((one) => instances.has(one)),
        20_000,
      );
    });

    test("a malformed trace context is not forwarded", withReceiver, async () => {
      const path = `/api/v1/nothing/${name}`;
      for (const traceparent of ["forged\"'", `00-${clientTrace}-${clientSpan}-01-more`]) {
        const answer = await send(path, { headers: { traceparent } });
        assert.match(traceIdOf(answer), /^[0-9a-f]{32}$/);
        assert.notEqual(traceIdOf(answer), clientTrace);
      }
      const line = await waitForLogLine(proxy, path);
      assert.match(String(line["traceparent"]), /^-?$/);
      assert.match(String(line["traceId"]), /^[0-9a-f]{32}$/);
    });

    test("the proxy stops", withReceiver, () => proxy.stop());
  });
}

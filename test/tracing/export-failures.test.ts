import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "../shared/eventually.ts";
import { ask } from "../shared/requests/http.ts";
import { startFaultProxy } from "../shared/servers/fault-proxy.ts";
import { startStopwatch } from "../shared/stopwatch.ts";
import { startFaultyHaven } from "../support/faulty-haven.ts";
import { type Haven, startHaven } from "../support/haven.ts";
import { startReceiver, withReceiver } from "../support/otlp-receiver.ts";

const traceIdOf = ({ headers }: { headers: Readonly<Record<string, unknown>> }): string =>
  String(headers["traceresponse"]).split("-")[1] ?? "";

const isRequest = ({ kind }: { kind: number }): boolean => kind === 2;

const countOf = async ({ url }: Pick<Haven, "url">, outcome: string): Promise<number> => {
  const { text } = await ask(`${url}/metrics`);
  return Number(new RegExp(`^trace_spans_total\\{outcome="${outcome}"\\} (\\d+)$`, "m").exec(text)?.[1]);
};

for (const fault of ["refuse", "hole", "freeze"] as const) {
  test(
    `while the endpoint fails (${fault}), requests are served and its spans are counted as failed; exports resume afterwards`,
    withReceiver,
    async () => {
      const receiver = await startReceiver();
      const endpoint = await startFaultProxy(receiver.endpoint);
      const haven = await startHaven({
        env: { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint.url, OTEL_EXPORTER_OTLP_TIMEOUT: "500" },
      });
      await endpoint.set(fault);
      for (let count = 0; count < 20; count += 1) assert.equal((await ask(`${haven.url}/api`)).status, 200);
      await eventually(
        () => countOf(haven, "failed"),
        (failed) => failed >= 20,
        20_000,
      );
      assert.equal(haven.logs.filter(({ msg }) => msg.startsWith("exporting traces failed")).length, 1);
      await endpoint.set("pass");
      const traceId = traceIdOf(await ask(`${haven.url}/api`));
      await receiver.trace(traceId, isRequest);
      await eventually(
        () => haven.logs.some(({ msg }) => msg === "traces are exported again"),
        (logged) => logged,
      );
    },
  );
}

test(
  "a shutdown exports the last trace to a healthy endpoint, and waits for a silent endpoint only for a limited time",
  withReceiver,
  async () => {
    const receiver = await startReceiver();
    const endpoint = await startFaultProxy(receiver.endpoint);
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint.url };
    const [first, second] = [await startHaven({ env }), await startHaven({ env })];
    // The worker starts with the first export. If it started during the shutdown, its start would use up the time limit.
    await receiver.trace(traceIdOf(await ask(`${first.url}/api`)), isRequest);
    const traceId = traceIdOf(await ask(`${first.url}/api`));
    await first.stop();
    await receiver.trace(traceId, isRequest);
    await endpoint.set("hole");
    await ask(`${second.url}/api`);
    const elapsedMs = startStopwatch();
    await second.stop();
    assert.ok(elapsedMs() < 10_000, `${elapsedMs()} ms`);
  },
);

test(
  "a failed request is exported although the sampler selects no trace, and the trace of an untrusted caller is only linked",
  withReceiver,
  async () => {
    const receiver = await startReceiver();
    const haven = await startFaultyHaven({
      env: {
        OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
        OTEL_TRACES_SAMPLER: "always_off",
        TRUST_PROXY: "10.0.0.0/8",
      },
    });
    const unselected = traceIdOf(await ask(`${haven.url}/api`));
    await haven.postgres.set("refuse");
    await haven.until("postgres", "down", 20_000);
    const caller = { traceId: "4bf92f3577b34da6a3ce929d0e0e4736", spanId: "00f067aa0ba902b7" };
    const failed = await ask(`${haven.url}/api/v1/auth/login`, {
      method: "POST",
      headers: { "content-type": "application/json", traceparent: `00-${caller.traceId}-${caller.spanId}-01` },
      body: JSON.stringify({ email: "stranger@example.org", password: "a long password" }),
    });
    assert.equal(failed.status, 503);
    assert.notEqual(traceIdOf(failed), caller.traceId);
    const root = (await receiver.trace(traceIdOf(failed), isRequest)).find(isRequest);
    assert.equal(root?.parentSpanId ?? "", "");
    assert.deepEqual(
      root?.links.map(({ traceId, spanId }) => ({ traceId, spanId })),
      [caller],
    );
    assert.ok(!receiver.text().includes(unselected));
  },
);

test("the server does not start with invalid settings for traces, and the error names each of them", async () => {
  const settings = {
    OTEL_EXPORTER_OTLP_ENDPOINT: "collector:4317",
    OTEL_EXPORTER_OTLP_PROTOCOL: "grpc",
    OTEL_TRACES_SAMPLER: "sometimes",
    OTEL_TRACES_SAMPLER_ARG: "5",
  };
  await assert.rejects(startHaven({ env: settings }), (error: Error) =>
    Object.keys(settings).every((name) => error.message.includes(name)),
  );
});

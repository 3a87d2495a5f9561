import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { test } from "node:test";
import express from "express";
import { Registry, type RegistryContentType } from "prom-client";
import { z } from "zod";
import { CheckFailed, createHealth, type HealthOptions } from "../../src/kit/index.ts";
import { atEnd } from "../shared/at-end.ts";
import { eventually } from "../shared/eventually.ts";
import { without } from "../shared/programs.ts";
import { ask } from "../shared/requests/http.ts";
import { runProgram } from "../shared/run-program.ts";

/** Starts an Express app with the kit, and waits until its check has passed. */
async function serve(options: Partial<HealthOptions> = {}) {
  const check = { name: "shop", critical: true, run: async () => undefined };
  const health = createHealth({
    service: "orders",
    checks: [check],
    intervalMs: 50,
    maxEventLoopDelayMs: 0,
    ...options,
  });
  atEnd(health.stop);
  health.breakers.create({ name: "shop", isFailure: () => true });
  const orders = express.Router().get("/:id", (_request, response) => void response.send("order"));
  const server = createServer(express().use("/orders", orders));
  health.attach(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  atEnd(() => server.close());
  const url = `http://127.0.0.1:${z.object({ port: z.number() }).parse(server.address()).port}`;
  await eventually(
    async () => (await ask(`${url}/ready`)).status,
    (seen) => seen === 200,
  );
  return { url, health };
}

const kitSamples = [
  /^http_requests_total\{method="GET",route="\/orders\/:id",status="200"\} 2$/m,
  /^http_requests_total\{method="GET",route="other",status="404"\} 1$/m,
  /^http_request_duration_seconds_bucket\{method="GET",route="\/orders\/:id",status="200",le="\+Inf"\} 2$/m,
  /^health_check_up\{check="shop"\} 1$/m,
  /^health_check_duration_seconds_count\{check="shop"\} [1-9]/m,
  /^circuit_breaker_state\{name="shop"\} 0$/m,
  /^lifecycle_phase\{phase="ready"\} 1$/m,
];

async function requestOrders(url: string): Promise<void> {
  for (const path of ["/orders/1", "/orders/2", "/unknown"]) await ask(url + path);
}

test("/metrics has the requests by route pattern, the checks, the breakers and the process, without prom-client", async () => {
  const { url } = await serve({ version: "1.2.3", instance: "orders-1" });
  await requestOrders(url);
  const { text, headers } = await ask(`${url}/metrics`);
  assert.match(String(headers["content-type"]), /^text\/plain; version=0\.0\.4/);
  for (const sample of kitSamples) assert.match(text, sample);
  assert.match(text, /^app_info\{version="1\.2\.3",instance="orders-1",node="v\d+/m);
  assert.match(text, /^process_cpu_seconds_total \d/m);
});

test("/metrics is OpenMetrics for a scraper that prefers it", async () => {
  const { url } = await serve();
  const { text, headers } = await ask(`${url}/metrics`, { headers: { accept: "application/openmetrics-text" } });
  assert.match(String(headers["content-type"]), /^application\/openmetrics-text/);
  assert.match(text, /# EOF\n$/);
});

for (const contentType of [Registry.PROMETHEUS_CONTENT_TYPE, Registry.OPENMETRICS_CONTENT_TYPE] as const) {
  test(`a registry of prom-client receives the metrics, and /metrics is its text (${contentType})`, async () => {
    const registry = new Registry<RegistryContentType>();
    registry.setContentType(contentType);
    registry.setDefaultLabels({ region: "eu" });
    const { url } = await serve({ metrics: registry });
    await requestOrders(url);
    const { text, headers } = await ask(`${url}/metrics`);
    assert.equal(headers["content-type"], contentType);
    const withoutRegion = text.replaceAll(/,?region="eu"/g, "");
    for (const sample of kitSamples) assert.match(withoutRegion, sample);
    assert.doesNotMatch(text, /process_cpu_seconds_total/, "metrics of the process are those of the registry's owner");
  });
}

test("routeOf sets the label route of every request", async () => {
  const { url, health } = await serve({ routeOf: (request) => `${request.method} handler` });
  await ask(`${url}/orders/1`);
  assert.match((await ask(`${url}/metrics`)).text, /route="GET handler"/);
  assert.equal(health.httpMetrics.totals().requests, 1);
});

test("the reason of a capability that is down is exposed as a sample until the capability is up again", async () => {
  let failure: CheckFailed | undefined;
  const read = { critical: true, run: async () => undefined };
  const write = {
    critical: false,
    async run() {
      if (failure !== undefined) throw failure;
    },
  };
  const { url } = await serve({ checks: [{ name: "shop", capabilities: { read, write } }] });
  const reasonSamples = async () =>
    (await ask(`${url}/metrics`)).text.match(/^health_capability_reason\{.*$/gm)?.join("\n");
  assert.equal(await reasonSamples(), undefined);
  for (const reason of ["commit_stalled", "read_only"] as const) {
    failure = new CheckFailed(reason);
    const sample = `health_capability_reason{check="shop",capability="write",reason="${reason}"} 1`;
    await eventually(reasonSamples, (seen) => seen === sample);
  }
  failure = undefined;
  await eventually(reasonSamples, (seen) => seen === undefined);
});

test("promtool reports nothing about the metrics while a capability is down", {
  skip: without("promtool"),
}, async () => {
  const read = { critical: true, run: async () => undefined };
  const write = { critical: false, run: async () => Promise.reject(new CheckFailed("disk_full")) };
  const { url } = await serve({ checks: [{ name: "shop", capabilities: { read, write } }] });
  const metrics = async () => (await ask(`${url}/metrics`)).text;
  const text = await eventually(metrics, (seen) => seen.includes('reason="disk_full"'));
  assert.deepEqual(await runProgram("promtool", ["check", "metrics"], { input: text }), { code: 0, output: "" });
});

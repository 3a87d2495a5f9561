import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { allCheckNames } from "../../src/config/parsers/checks-and-probes.ts";
import { atEnd } from "../shared/at-end.ts";
import { eventually } from "../shared/eventually.ts";
import { freePort } from "../shared/free-port.ts";
import { without } from "../shared/programs.ts";
import { ask, raw } from "../shared/requests/http.ts";
import { runProgram } from "../shared/run-program.ts";
import { testRoutes } from "../shared/servers/test-routes.ts";
import { startFaultyHaven } from "../support/faulty-haven.ts";
import { startHaven } from "../support/haven.ts";

const operators = ["/metrics", "/health/detailed", "/api/v1/circuit-breakers", "/api/v1/instances"];

const forms: readonly (readonly [string, RegExp])[] = [
  ["", /^application\/json/],
  ["*/*", /^application\/json/],
  ["application/json", /^application\/json/],
  ["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", /^text\/html/],
  ["application/health+json", /^application\/health\+json/],
  ["application/json;q=0.1, text/html;q=0.9", /^text\/html/],
  ["text/html;q=0.1, application/json", /^application\/json/],
  ["image/png", /^application\/json/],
];

test("the ready probe lists every check of Haven, and no other", async () => {
  const haven = await startHaven();
  const { checks } = (await ask(`${haven.url}/ready`)).json() as { checks: object };
  const expected = new Set(allCheckNames.map((name) => name.split(":")[0]));
  assert.deepEqual(Object.keys(checks).sort(), [...expected].sort());
});

test("the detailed report has the accepted format, and the verdict as its status", async () => {
  const haven = await startFaultyHaven();
  for (const [accept, type] of forms) {
    const answer = await ask(`${haven.url}/health/detailed`, { headers: accept === "" ? {} : { accept } });
    assert.equal(answer.status, 200);
    assert.match(String(answer.headers["content-type"]), type, accept);
    assert.match(String(answer.headers.vary), /Accept/);
  }
  const report = (await ask(`${haven.url}/health/detailed`)).json() as Record<string, unknown>;
  assert.partialDeepStrictEqual(report, {
    status: "healthy",
    phase: "ready",
    service: "haven-api",
    instance: "test-instance",
  });
  for (const field of [
    "since",
    "version",
    "timestamp",
    "uptimeSeconds",
    "checks",
    "circuitBreakers",
    "system",
    "http",
    "history",
  ]) {
    assert.ok(field in report, field);
  }
  const check = (report["checks"] as Record<string, object>)["postgres"];
  for (const field of [
    "status",
    "critical",
    "latencyMs",
    "lastSuccessAt",
    "lastFailureAt",
    "consecutiveFailures",
    "reason",
  ]) {
    assert.ok(check !== undefined && field in check, field);
  }

  await haven.postgres.set("refuse");
  await haven.until("postgres", "down", 3000);
  for (const accept of ["application/json", "text/html", "application/health+json"]) {
    assert.equal((await ask(`${haven.url}/health/detailed`, { headers: { accept } })).status, 503);
  }
  const draft = (await ask(`${haven.url}/health/detailed`, { headers: { accept: "application/health+json" } })).json();
  assert.partialDeepStrictEqual(draft, { status: "fail", serviceId: "test-instance" });
  await haven.postgres.set("pass");
});

test("with OPS_TOKEN set, requests without the token or with a wrong one get the verdict only", async () => {
  const haven = await startHaven({ env: { OPS_TOKEN: "a-long-operators-token" } });
  const withToken = (token?: string) => ({ headers: token === undefined ? {} : { authorization: `Bearer ${token}` } });
  for (const token of [undefined, "wrong", "", "a-long-operators-token2"]) {
    const detailed = await ask(`${haven.url}/health/detailed`, withToken(token));
    assert.deepEqual([detailed.status, detailed.json()], [200, { status: "healthy", instance: "test-instance" }]);
    for (const path of ["/metrics", "/api/v1/circuit-breakers", "/api/v1/instances"]) {
      const refused = await ask(haven.url + path, withToken(token));
      assert.deepEqual([refused.status, refused.headers["www-authenticate"]], [401, "Bearer"]);
    }
    for (const path of ["/ready", "/alive", "/startup"])
      assert.equal((await ask(haven.url + path, withToken(token))).status, 200);
  }
  const page = await ask(`${haven.url}/health/detailed`, { headers: { accept: "text/html" } });
  assert.doesNotMatch(page.text, /postgres|redis/);
  const rightToken = withToken("a-long-operators-token");
  assert.equal((await ask(`${haven.url}/metrics`, rightToken)).status, 200);
  assert.ok("checks" in ((await ask(`${haven.url}/health/detailed`, rightToken)).json() as object));
});

test("with a management port, operator endpoints are served there only and probes on both ports", async () => {
  const haven = await startHaven({ env: { MANAGEMENT_PORT: "0" } });
  const management = `http://127.0.0.1:${haven.running.managementPort}`;
  for (const path of operators) {
    assert.equal((await ask(haven.url + path)).status, 404, path);
    assert.equal((await ask(management + path)).status, 200, path);
  }
  for (const path of ["/alive", "/ready", "/startup"]) {
    assert.equal((await ask(haven.url + path)).status, 200);
    assert.equal((await ask(management + path)).status, 200);
  }
  assert.equal((await ask(`${management}/api`)).status, 404);
});

test("operator endpoints answer GET and HEAD only", async () => {
  const haven = await startHaven();
  for (const path of operators) {
    const answer = await ask(haven.url + path, { method: "POST" });
    assert.deepEqual([answer.status, answer.headers.allow], [405, "GET, HEAD"]);
    assert.equal((await ask(haven.url + path, { method: "HEAD" })).text, "");
    assert.equal((await ask(`${haven.url + path}/?x=1`)).status, 200);
  }
});

test("operator endpoints match one spelling only, so that a proxy can hide them by path", async () => {
  const haven = await startHaven();
  for (const path of [
    "/health/../metrics",
    "/api/v1/%2e%2e/%2e%2e/metrics",
    "/health/%2e%2e/health/detailed",
    "/metrics\\",
    "//metrics",
    "/%6detrics",
    "/Metrics",
    "/api/v1/%69nstances",
    "/api/v1//instances",
    "/api/v1/Instances",
  ]) {
    const answer = await raw(haven.port, `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    assert.match(answer, /^HTTP\/1\.1 40[04] /, path);
    assert.doesNotMatch(answer, /app_info|"checks"|"instances"/, path);
  }
});

const expectedMetrics = [
  "http_requests_total",
  "http_request_duration_seconds",
  "http_requests_in_flight",
  "health_check_up",
  "health_check_duration_seconds",
  "circuit_breaker_state",
  "circuit_breaker_events_total",
  "pg_pool_connections",
  "lifecycle_phase",
  "log_lines_dropped_total",
  "fleet_instances",
  "fleet_load_spread_ratio",
  "ready_policy_decisions_total",
  "app_info",
  "process_cpu_seconds_total",
  "nodejs_eventloop_lag_seconds",
];

test("all metrics are exposed, in Prometheus text and in OpenMetrics", async () => {
  const haven = await startHaven({ overrides: { routes: testRoutes } });
  await ask(`${haven.url}/test/items/1`);
  const plain = await ask(`${haven.url}/metrics`);
  assert.match(String(plain.headers["content-type"]), /^text\/plain; version=0\.0\.4/);
  for (const name of expectedMetrics) assert.match(plain.text, new RegExp(`^# TYPE ${name} `, "m"), name);
  assert.match(plain.text, /^health_check_up\{check="postgres"\} 1$/m);
  assert.match(plain.text, /^lifecycle_phase\{phase="ready"\} 1$/m);
  assert.match(plain.text, /^circuit_breaker_state\{name="redis"\} 0$/m);
  assert.match(plain.text, /^fleet_instances\{state="draining"\} 0$/m);
  assert.match(plain.text, /^ready_policy_decisions_total\{decision="outlier"\} 0$/m);
  const open = await ask(`${haven.url}/metrics`, {
    headers: { accept: "application/openmetrics-text; version=1.0.0" },
  });
  assert.match(String(open.headers["content-type"]), /^application\/openmetrics-text/);
  for (const [accept, type] of [
    ["application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.2", /openmetrics/],
    ["application/openmetrics-text;q=0.1, text/plain", /^text\/plain/],
    ["application/openmetrics-text;q=0, */*", /^text\/plain/],
  ] as const) {
    assert.match(
      String((await ask(`${haven.url}/metrics`, { headers: { accept } })).headers["content-type"]),
      type,
      accept,
    );
  }
  assert.match(open.text, /^# TYPE http_requests counter$/m);
  assert.ok(open.text.endsWith("# EOF\n"));
});

test("promtool reports nothing about the metrics", { skip: without("promtool") }, async () => {
  const haven = await startHaven({ overrides: { routes: testRoutes } });
  await ask(`${haven.url}/test/items/1`);
  const { text } = await ask(`${haven.url}/metrics`);
  assert.deepEqual(await runProgram("promtool", ["check", "metrics"], { input: text }), { code: 0, output: "" });
});

test("a real Prometheus scrapes the metrics in the format that it prefers", {
  skip: without("prometheus"),
}, async () => {
  const haven = await startHaven();
  const folder = mkdtempSync(join(tmpdir(), "haven-prometheus-"));
  const port = await freePort();
  const config = `scrape_configs: [{ job_name: haven, scrape_interval: 300ms, scrape_timeout: 250ms, static_configs: [{ targets: ["127.0.0.1:${haven.port}"] }] }]`;
  writeFileSync(join(folder, "prometheus.yml"), config);
  const flags = [
    `--config.file=${folder}/prometheus.yml`,
    `--storage.tsdb.path=${folder}/data`,
    `--web.listen-address=127.0.0.1:${port}`,
  ];
  const prometheus = spawn("prometheus", flags, { stdio: "ignore" });
  atEnd(async () => {
    prometheus.kill("SIGKILL");
    await eventually(
      () => prometheus.exitCode ?? prometheus.signalCode,
      (ended) => ended !== null,
    );
    rmSync(folder, { recursive: true, force: true });
  });
  const value = async () => {
    const answer = await ask(
      `http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent('health_check_up{check="postgres"} * on() up')}`,
    ).catch(() => undefined);
    // Prometheus answers 503 with a text while it starts.
    if (answer?.status !== 200) return undefined;
    const body = answer.json() as { data?: { result: { value: [number, string] }[] } };
    return body.data?.result[0]?.value[1];
  };
  await eventually(value, (seen) => seen === "1", 15_000, 200);
});

test("after failures no response, metric or log line contains a host, a user or a secret", async () => {
  const haven = await startFaultyHaven({
    env: {
      DATABASE_URL: "postgres://hunter2user:hunter2pass@localhost.hunter2host.invalid:5/hunter2db",
      REDIS_URL: "redis://:hunter2pass@127.0.0.1:1",
    },
    waitUntil: "listening",
  });
  await eventually(
    () => ask(`${haven.url}/ready/redis`),
    ({ text }) => text.includes('"down"'),
    6000,
  );
  await eventually(
    () => ask(`${haven.url}/ready/postgres`),
    ({ text }) => text.includes('"down"'),
    6000,
  );
  const bodies = await Promise.all(
    [
      "/ready",
      "/ready?verbose",
      "/health/detailed",
      "/metrics",
      "/api/v1/circuit-breakers",
      "/api/v1/instances",
      "/test/sql/1",
      "/test/redis",
      "/startup",
    ].map((path) => ask(haven.url + path)),
  );
  const page = await ask(`${haven.url}/health/detailed`, { headers: { accept: "text/html" } });
  const answers = [...bodies, page].map(({ text }) => text).join("\n");
  const secret = /hunter2|ENOTFOUND.*hunter|getaddrinfo|\.invalid|127\.0\.0\.1:1\b/;
  assert.doesNotMatch(answers + JSON.stringify(haven.logs), secret);
  // The error code of the system is for the log and the report of operators only.
  const others = bodies.filter((_, index) => index !== 2).map(({ text }) => text);
  assert.doesNotMatch(others.join("\n"), /ECONN/);
  assert.equal(bodies[6]?.status, 503);
});

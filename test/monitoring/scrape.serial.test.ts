import assert from "node:assert/strict";
import { cpSync, globSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { z } from "zod";
import { eventually } from "../shared/eventually.ts";
import { without } from "../shared/programs.ts";
import { ask } from "../shared/requests/http.ts";
import { bearer, register, sameSecret } from "../shared/requests/people.ts";
import { runProgram } from "../shared/run-program.ts";
import { startFaultProxy } from "../shared/servers/fault-proxy.ts";
import { startMailServer } from "../shared/servers/mail-server.ts";
import { freshDatabase } from "../shared/servers/stores/database.ts";
import { startTlsRedis } from "../shared/servers/stores/tls-redis.ts";
import { testRoutes } from "../shared/servers/test-routes.ts";
import { startHaven } from "../support/haven.ts";
import { addresses, noNamespaceReason, runNamed, scratchFolder } from "./host-names.ts";
import { alerts, dashboards, folder, records, runbook } from "./monitoring-files.ts";

// Three instances behind a real HAProxy and a real NGINX, watched by a real Prometheus with real exporters and a real
// Alertmanager on the shipped files.
// The files are unchanged except that scrapes and evaluations have an interval of 1 s instead of 15 s, so that a test
// does not take minutes. The windows are unchanged.

const skip =
  noNamespaceReason ||
  without("prometheus") ||
  without("prometheus-alertmanager") ||
  without("prometheus-nginx-exporter") ||
  without("prometheus-blackbox-exporter") ||
  without("nginx") ||
  without("haproxy") ||
  without("redis-server") ||
  without("openssl") ||
  without("promtool");
const token = "an-operators-token-of-this-test";
const names = ["api-server-1", "api-server-2", "api-server-3"] as const;
const prometheusUrl = `http://${addresses.localhost}:9090`;

/** A minimal configuration for the metrics of a real HAProxy; test/edge tests its handling of requests. */
const haproxy = `
global
  maxconn 200
defaults
  mode http
  timeout connect 2s
  timeout client 30s
  timeout server 30s
frontend api
  bind ${addresses.haproxy}:80
  default_backend haven_api
backend haven_api
  option httpchk GET /ready
  http-check expect status 200
  default-server inter 500ms fall 2 rise 1
${names.map((name) => `  server ${name} ${name}:4000 check`).join("\n")}
frontend metrics
  bind ${addresses.haproxy}:8405
  http-request use-service prometheus-exporter if { path /metrics }
`;

const statusServer = readFileSync(new URL("../../nginx/variants/status-for-containers.conf", import.meta.url), "utf8");

const statusCounts = readFileSync(
  new URL("../../nginx/variants/status-counts-for-containers.conf", import.meta.url),
  "utf8",
);

/** A minimal NGINX with the shipped file that counts its responses, and with TLS as clients see it. */
const nginx = (copy: string) => `
daemon off;
master_process off;
pid ${copy}/nginx.pid;
error_log stderr;
events {}
http {
  map $status $haven_logged_status { default $status; }
  ${statusCounts}
  ${statusServer.replace("listen 8081", `listen ${addresses.nginx}:8081`)}
  server {
    listen ${addresses.edge}:443 ssl;
    ssl_certificate ${copy}/edge.pem;
    ssl_certificate_key ${copy}/edge.key;
    location / { proxy_pass http://${addresses.haproxy}; }
  }
}
`;

function copyWithShortIntervals(): string {
  const copy = scratchFolder();
  cpSync(folder, copy, { recursive: true });
  for (const name of ["haproxy", "nginx", "access-log", "edge"])
    cpSync(join(copy, `targets/${name}.yml.example`), join(copy, `targets/${name}.yml`));
  writeFileSync(join(copy, "ops_token"), token);
  for (const file of [join(copy, "prometheus.yml"), ...globSync(`${copy}/rules/*.yml`)]) {
    const text = readFileSync(file, "utf8")
      .replaceAll(/(scrape|evaluation)_interval: 15s/g, "$1_interval: 1s")
      .replaceAll("scrape_timeout: 10s", "scrape_timeout: 900ms")
      // A probe from outside needs time for TLS, and blackbox_exporter ends a probe half a second before the scrape times out.
      .replace("job_name: edge\n", "job_name: edge\n    scrape_interval: 5s\n    scrape_timeout: 5s\n")
      .replaceAll(/^( {4}interval:) \w+$/gm, "$1 1s");
    writeFileSync(file, text);
  }
  return copy;
}

const received: Record<string, string>[] = [];
const isSome = ({ length }: readonly unknown[]): boolean => length > 0;

type Load = { stop(): Promise<void> };

/** Sends all kinds of requests through the proxy: successes, rejections, errors, unknown paths, aborted requests. */
function startLoad(accessToken: string): Load {
  const url = `http://${addresses.haproxy}`;
  const headers = bearer({ accessToken });
  let isRunning = true;
  const worker = async () => {
    while (isRunning) {
      await ask(`${url}/api/v1/auth/me`, { headers });
      await ask(`${url}/api/v1/auth/me`);
      await ask(`${url}/api/v1/properties`, { headers });
      await ask(`${url}/nothing/here`);
      await ask(`${url}/test/fail`);
      await ask(`${url}/test/sql/20`);
      // Authenticated requests call Redis only until the instance remembers the session.
      await ask(`${url}/test/redis`);
      // Sent to the instance directly, because HAProxy by default does not report an aborted request to the instance. The
      // instance aborts such a request 2 s after the client has closed the connection.
      await ask(`http://${addresses["api-server-1"]}:4000/test/slow/6000`, { timeoutMs: 60 }).catch(() => undefined);
    }
  };
  const workers = [worker(), worker()];
  return {
    async stop() {
      isRunning = false;
      await Promise.all(workers);
    },
  };
}

before(async () => {
  if (skip !== false) return;
  const redis = await startTlsRedis();
  const redisUrl = redis.server.url;
  const mail = {
    MAIL_URL: (await startMailServer()).url,
    MAIL_FROM: "no-reply@example.com",
    PUBLIC_URL: "https://app.example.com",
  };
  const shared = { ...sameSecret, ...mail, OPS_TOKEN: token, PORT: "4000", DATABASE_URL: await freshDatabase() };
  const faultyRedis = await startFaultProxy(redisUrl);
  for (const name of names) {
    const REDIS_URL = name === "api-server-2" ? faultyRedis.url : redisUrl;
    await startHaven({
      env: {
        ...shared,
        REDIS_URL,
        ...(name === "api-server-3" && redis.env),
        HOST: addresses[name],
        INSTANCE_ID: name,
        HEALTH_CHECK_INTERVAL: "300",
        OVERLOAD_DELAY_MS: "0",
      },
      overrides: { routes: testRoutes },
      waitUntil: "listening",
    });
    await eventually(
      () => ask(`http://${addresses[name]}:4000/ready`),
      ({ status }) => status === 200,
    );
  }
  const copy = copyWithShortIntervals();
  writeFileSync(join(copy, "haproxy.cfg"), haproxy);
  writeFileSync(join(copy, "nginx.conf"), nginx(copy));
  const certificate = ["-keyout", join(copy, "edge.key"), "-out", join(copy, "edge.pem"), "-subj", "/CN=edge"];
  await runProgram("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", ...certificate]);
  const programs = [
    runNamed(copy, "nginx", ["-c", join(copy, "nginx.conf")]),
    runNamed(copy, process.execPath, [join(copy, "nginx-log-exporter.js")], {
      HOST: addresses["nginx-log-exporter"],
    }),
    runNamed(copy, "prometheus-nginx-exporter", [
      `-web.listen-address=${addresses["nginx-exporter"]}:9113`,
      "-nginx.scrape-uri=http://nginx:8081/nginx_status",
      "-nginx.retries=20",
      "-nginx.retry-interval=500ms",
    ]),
    runNamed(copy, "prometheus-blackbox-exporter", [
      "--config.file=blackbox.yml",
      `--web.listen-address=${addresses.blackbox}:9115`,
    ]),
    runNamed(copy, "haproxy", ["-db", "-f", "haproxy.cfg"]),
    runNamed(copy, "prometheus-alertmanager", [
      "--config.file=alertmanager.yml",
      "--storage.path=alertmanager-data",
      `--web.listen-address=${addresses.alertmanager}:9093`,
      "--cluster.listen-address=",
    ]),
    runNamed(copy, "prometheus", [
      "--config.file=prometheus.yml",
      "--storage.tsdb.path=prometheus-data",
      `--web.listen-address=${addresses.localhost}:9090`,
    ]),
  ];
  const url = `http://${addresses.haproxy}`;
  await eventually(
    () =>
      ask(`${url}/ready`).then(
        ({ status }) => status,
        () => programs.map(({ output }) => output()),
      ),
    (seen) => seen === 200,
    10_000,
  );
  const { accessToken } = await register(url);
  const traffic = startLoad(accessToken);
  // After a healthy scrape, one instance loses Redis for long enough to open its breaker, and then recovers.
  await eventually(() => hasResult('count(health_ready{job="haven-api"} == 1) == 3'), Boolean, 15_000, 200);
  await faultyRedis.set("refuse");
  await eventually(() => hasResult('health_check_consecutive_failures{check="redis"} >= 3'), Boolean, 10_000, 200);
  for (let index = 0; index < 5; index += 1) {
    await ask(`http://${addresses["api-server-2"]}:4000/test/redis`);
  }
  for (const alertname of ["HealthCheckFailing", "CircuitBreakerOpened"]) {
    // Queried during the outage, because a resolved alert is not listed.
    received.push(...(await eventually(() => firing(alertname), isSome, 10_000, 200)));
  }
  await faultyRedis.set("pass");
  await eventually(
    () => hasResult('circuit_breaker_state{instance="api-server-2", name="redis"} == 0'),
    Boolean,
    5000,
    200,
  );
  await traffic.stop();
});

const answer = z.object({
  status: z.string(),
  error: z.string().optional(),
  data: z
    .object({
      result: z.array(
        z.object({
          metric: z.record(z.string(), z.string()),
          value: z.tuple([z.number(), z.string()]).optional(),
          values: z.array(z.tuple([z.number(), z.string()])).default([]),
        }),
      ),
    })
    .optional(),
});

/** Returns the values of an expression during this test; throws if Prometheus rejects the expression. */
async function valuesOf(expr: string): Promise<readonly string[]> {
  const now = Date.now() / 1000;
  const query = new URLSearchParams({ query: expr, start: String(now - 300), end: String(now), step: "1" });
  const { error, data } = answer.parse((await ask(`${prometheusUrl}/api/v1/query_range?${query}`)).json());
  if (error !== undefined) throw new Error(`${error}: ${expr}`);
  return (data?.result ?? []).flatMap(({ values }) => values.map(([, value]) => value));
}

const hasResult = async (expr: string): Promise<boolean> => {
  const query = new URLSearchParams({ query: expr });
  const response = await ask(`${prometheusUrl}/api/v1/query?${query}`).catch(() => undefined);
  return response?.status === 200 && (answer.parse(response.json()).data?.result.length ?? 0) > 0;
};

const delivered = z.array(z.object({ labels: z.record(z.string(), z.string()) }));

const firing = async (alertname: string) =>
  delivered
    .parse((await ask(`http://${addresses.alertmanager}:9093/api/v2/alerts`)).json())
    .map(({ labels }) => labels)
    .filter((labels) => labels["alertname"] === alertname);

/** Removes the thresholds. Alerts do not fire in a healthy fleet, so the test checks only that their expressions have data. */
const withoutThreshold = (expr: string): string =>
  expr
    .replaceAll(/ (==|<=|>=|<|>) -?\d[\d.]*( \* \(1 - scalar\([\w:]+\)\))?/g, "")
    .replaceAll(/absent\(([^()]*)\)/g, "($1)")
    // No result means that no metric is missing.
    .replaceAll(/\bunless\b/g, "and")
    // An offset needs older data than the test has.
    .replaceAll(" offset 10m", "");

/** Expressions and alerts without a result in this test, with the reason. */
const dataless: Readonly<Record<string, string>> = {
  'max by (instance) (process_memory_limit_bytes{job="haven-api", instance=~"$instance"})':
    "only where the system limits memory",
  PostgresReadOnly: "compares with the reason of an outage of Postgres",
  PostgresCommitsStalled: "compares with the reason of an outage of Postgres",
};

const expressions: readonly { where: string; expr: string }[] = [
  ...records.map(({ record, expr }) => ({ where: record, expr })),
  ...alerts.map(({ alert, expr }) => ({ where: alert, expr: withoutThreshold(expr) })),
  ...dashboards.flatMap(({ title, annotations, panels }) => [
    ...annotations.list.map(({ expr }) => ({ where: `${title}, annotations`, expr: expr.replace(/ > 0$/, "") })),
    ...panels.flatMap((panel) => panel.targets.map(({ expr }) => ({ where: `${title}, ${panel.title}`, expr }))),
  ]),
];

test("every expression of every dashboard, rule and alert returns numbers", { skip }, async () => {
  const findEmpty = async () => {
    const found: string[] = [];
    for (const { where, expr } of expressions) {
      const query = expr.replaceAll("$instance", ".+").replaceAll("$interval", "1m");
      const values = await valuesOf(query);
      if (
        !values.some((value) => Number.isFinite(Number(value))) &&
        (dataless[expr] ?? dataless[where]) === undefined
      ) {
        found.push(`${where}: ${query}`);
      }
    }
    return found;
  };
  // Rules that use other rules need a few evaluations.
  const empty = await eventually(findEmpty, ({ length }) => length === 0, 15_000, 1000).catch(findEmpty);
  assert.deepEqual(empty, []);
  assert.ok(expressions.length > 120, String(expressions.length));
});

test("every metric in an expression exists, even if the expression has an alternative without it", {
  skip,
}, async () => {
  const names = z.object({ data: z.array(z.string()) });
  const known = new Set(names.parse((await ask(`${prometheusUrl}/api/v1/label/__name__/values`)).json()).data);
  for (const { where, expr } of expressions) {
    for (const [, name = ""] of expr.matchAll(/\b([a-z_][a-z0-9_]*(?::\w+)*)(?=[{[])/g)) {
      assert.ok(known.has(name) || name === "process_memory_limit_bytes", `${where}: ${name}`);
    }
  }
});

test("the commands of the runbook work", { skip }, async () => {
  const expressionsOfRunbook = [...runbook.matchAll(/value (?:'([^']+)'|([\w:]+))/g)].map(
    ([, quoted, plain]) => quoted ?? plain ?? "",
  );
  assert.ok(expressionsOfRunbook.length > 50, String(expressionsOfRunbook.length));
  for (const expr of expressionsOfRunbook) {
    const values = await valuesOf(withoutThreshold(expr).replaceAll("\\", ""));
    assert.ok(values.length > 0, expr);
  }
  const headers = { authorization: `Bearer ${token}` };
  for (const [, path = ""] of runbook.matchAll(/\bget '?(\/[^\s';`]+)/g)) {
    assert.equal((await ask(`http://${addresses["api-server-1"]}:4000${path}`, { headers })).status, 200, path);
  }
});

test("each shipped alert can be evaluated", { skip }, async () => {
  for (const { expr } of alerts) await valuesOf(expr);
});

test("instances have their names, and are scraped with the required token", { skip }, async () => {
  for (const name of names) assert.ok(await hasResult(`up{job="haven-api", instance="${name}"} == 1`), name);
  assert.equal((await ask(`http://${addresses["api-server-1"]}:4000/metrics`)).status, 401);
  for (const job of ["haproxy", "nginx", "edge", "alertmanager", "prometheus"])
    assert.ok(await hasResult(`up{job="${job}"} == 1`), job);
});

test("Alertmanager received each alert with its instance", { skip }, async () => {
  const alertsAndInstances = new Set(received.map(({ alertname, instance }) => `${alertname} ${instance}`));
  assert.deepEqual([...alertsAndInstances], ["HealthCheckFailing api-server-2", "CircuitBreakerOpened api-server-2"]);
  assert.equal((await firing("Watchdog")).length, 1);
  assert.deepEqual(await firing("RedisDown"), []);
});

test("every rule has been evaluated without an error", { skip }, async () => {
  const groups = z.object({
    data: z.object({
      groups: z.array(
        z.object({
          rules: z.array(z.object({ name: z.string(), health: z.string(), lastError: z.string().optional() })),
        }),
      ),
    }),
  });
  const { data } = groups.parse((await ask(`${prometheusUrl}/api/v1/rules`)).json());
  const rules = data.groups.flatMap((group) => group.rules);
  assert.equal(rules.length, alerts.length + records.length);
  for (const { name, health, lastError } of rules) assert.equal(health, "ok", `${name}: ${lastError}`);
});

import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { BlockList } from "node:net";
import { before, test } from "node:test";
import { parse } from "yaml";
import { z } from "zod";
import { isSettingName } from "../../src/config/files/secret-files.ts";
import { readConfig } from "../../src/config/read-config.ts";
import { haproxyDetection } from "../shared/servers/haproxy-detection.ts";
import { probeKindOf } from "../support/probe-kinds.ts";
import {
  bindsOf,
  bytesOf,
  instancesOf,
  type Layout,
  layouts,
  read,
  sampleVariables,
  secondsOf,
  serviceOf,
  settingsIn,
  settingsOf,
  variablesOf,
} from "./compose-files.ts";
import { createSandbox } from "./sandbox.ts";

// Compares docker/ with the code, the proxies and Prometheus.

const shipped = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

const nginxConf = shipped("nginx/nginx.conf");
const haproxyCfg = shipped("haproxy/haproxy.cfg");
const script = shipped("docker/load-balancer-setup.sh");

/** Returns the first number that a pattern finds. */
function numberIn(text: string, pattern: RegExp): number {
  const found = Number(pattern.exec(text)?.[1]);
  assert.ok(Number.isFinite(found), `no number for ${pattern}`);
  return found;
}

/** Settings of Node, not of Haven. */
const runtimeNames = new Set(["NODE_OPTIONS"]);

const sandbox = createSandbox();
let secrets: Record<string, string> = {};
before(async () => {
  const { code, output } = await sandbox.run("setup");
  assert.equal(code, 0, output);
  secrets = settingsIn(sandbox.text("docker/.env"));
});

const serviceWith = (layout: Layout, name: string) => {
  const service = read(layout, secrets).services[name];
  if (service === undefined) throw new Error(`docker-compose.${layout}.yml has no ${name}`);
  return service;
};
const configOf = (layout: Layout) =>
  readConfig(settingsOf(serviceWith(layout, instancesOf(layout)[0] ?? ""), sandbox.file("docker")));

for (const layout of layouts) {
  test(`${layout}: every variable of an instance is a setting, and an instance starts with these settings`, () => {
    for (const service of [...instancesOf(layout), "migrate"])
      for (const name of Object.keys(serviceOf(layout, service).environment))
        assert.ok(isSettingName(name) || runtimeNames.has(name), name);
    const config = configOf(layout);
    assert.ok(config.production);
    const { services } = read(layout);
    assert.ok(services[new URL(config.postgres.url ?? "").hostname]);
    const redis = config.redis.target;
    assert.ok(redis?.kind === "host" && services[redis.host]);
    assert.equal(redis.password, secrets["REDIS_PASSWORD"]);
    // Two roles in one database: the owner migrates and grants rights to the serving role.
    const { environment } = serviceWith(layout, "postgres");
    const owner = settingsOf(serviceWith(layout, "migrate"), sandbox.file("docker"))["DATABASE_URL"];
    const [served, migrated] = [config.postgres.url, owner].map((url) => new URL(url ?? ""));
    assert.deepEqual([served?.username, served?.password], ["haven_app", environment["HAVEN_APP_DB_PASSWORD"]]);
    assert.deepEqual([migrated?.username, migrated?.password], ["haven", environment["HAVEN_DB_PASSWORD"]]);
    assert.deepEqual([served?.host, served?.pathname], [migrated?.host, migrated?.pathname]);
    assert.deepEqual(serviceOf(layout, "migrate").command, ["migrate", "--grant-to", served?.username]);
    // All other variables are settings of the compose files, and none of them has the name of a Haven setting.
    for (const name of variablesOf(layout).optional) assert.ok(!isSettingName(name), name);
  });

  test(`${layout}: only the proxies are trusted for forwarded headers`, () => {
    const addresses = ["nginx", "haproxy"].map((name) => serviceOf(layout, name).networks["front"]?.ipv4_address);
    assert.deepEqual(configOf(layout).http.trustProxy, addresses);
  });

  test(`${layout}: fixed addresses are in the network and outside the range of dynamic ones`, () => {
    const [range] = read(layout).networks["front"]?.ipam?.config ?? [];
    const [subnet, dynamicRange] = [new BlockList(), new BlockList()];
    for (const [list, cidr] of [[subnet, range?.subnet] as const, [dynamicRange, range?.ip_range] as const]) {
      const [address = "", prefix] = cidr?.split("/") ?? [];
      list.addSubnet(address, Number(prefix));
    }
    const fixed = Object.values(read(layout).services).flatMap(({ networks }) =>
      Object.values(networks).flatMap(({ ipv4_address }) => ipv4_address ?? []),
    );
    assert.equal(new Set(fixed).size, layout === "lb" ? 5 : 2);
    for (const address of fixed) assert.ok(subnet.check(address) && !dynamicRange.check(address), address);
  });

  test(`${layout}: an instance has enough time for its drain`, () => {
    const { drain, http } = configOf(layout);
    for (const name of instancesOf(layout)) {
      const graceMs = secondsOf(serviceOf(layout, name).stop_grace_period) * 1000;
      assert.ok(graceMs >= drain.delayMs + http.requestTimeoutMs + drain.lingerMs + 5000, name);
      assert.ok(graceMs >= drain.delayMs + drain.timeoutMs + 5000, name);
    }
  });

  test(`${layout}: a proxy has enough time for its shutdown`, () => {
    const { http } = configOf(layout);
    for (const [name, hardStop] of [
      ["nginx", numberIn(nginxConf, /^worker_shutdown_timeout (\d+)s;/m)],
      ["haproxy", numberIn(haproxyCfg, /^ +hard-stop-after (\d+)s$/m)],
    ] as const) {
      assert.ok(secondsOf(serviceOf(layout, name).stop_grace_period) > hardStop, name);
      assert.ok(hardStop * 1000 >= http.requestTimeoutMs, name);
    }
  });

  test(`${layout}: the heap leaves a quarter of the memory for other uses`, () => {
    for (const name of instancesOf(layout)) {
      const { deploy, environment } = serviceOf(layout, name);
      const heap = numberIn(String(environment["NODE_OPTIONS"]), /^--max-old-space-size=(\d+)$/) * 2 ** 20;
      assert.ok(heap <= bytesOf(deploy.resources.limits.memory) * 0.75);
    }
    const redis = serviceOf(layout, "redis");
    const maxMemoryBytes = numberIn(redis.command?.join(" ") ?? "", /maxmemory (\d+)mb/) * 2 ** 20;
    assert.ok(bytesOf(redis.deploy.resources.limits.memory) >= 2 * maxMemoryBytes);
  });

  test(`${layout}: Postgres has connections for the maximum number of instances`, () => {
    const max = numberIn(script, /^max_instances=(\d+)$/m);
    // HAProxy has the same maximum.
    assert.equal(numberIn(haproxyCfg, /server-template api-server- 1-(\d+) /), max);
    const allowed = numberIn(serviceOf(layout, "postgres").command?.join(" ") ?? "", /max_connections=(\d+)/);
    const [healthCheck, surge, migration, people, reserved] = [2, 1, 1, 5, 3];
    const needed = (configOf(layout).postgres.poolMax + healthCheck) * (max + surge) + migration + people;
    assert.ok(needed <= allowed - reserved, `${needed} of ${allowed}`);
  });

  test(`${layout}: a container is healthy when the startup probe succeeds`, () => {
    for (const name of instancesOf(layout)) {
      const { healthcheck: check } = serviceOf(layout, name);
      assert.ok("test" in check);
      const [, ...words] = z.array(z.string()).parse(check.test);
      assert.deepEqual(words.slice(0, 2), ["node", "healthcheck.js"]);
      assert.equal(probeKindOf(words[2] ?? "", configOf(layout).health.paths), "startup");
      assert.ok(configOf(layout).health.timeoutMs < secondsOf(check.timeout) * 1000);
    }
  });

  test(`${layout}: Prometheus scrapes the instances at their addresses`, () => {
    const prometheus = serviceOf(layout, "prometheus");
    const file = bindsOf(prometheus).find(({ target }) => target === "/etc/prometheus/prometheus.yml")?.source ?? "";
    const { scrape_configs } = scraping.parse(parse(shipped(`docker/${file}`)));
    const { port } = configOf(layout).http;
    const instances = scrape_configs.find(({ job_name }) => job_name === "haven-api");
    const fixed = instances?.static_configs.flatMap(({ targets }) => targets);
    const byName = instances?.dns_sd_configs.flatMap((one) => one.names.map((name) => `${name}:${one.port}`));
    assert.deepEqual(
      [...(fixed ?? []), ...(byName ?? [])],
      instancesOf(layout).map((name) => `${name}:${port}`),
    );
    const others = ["haproxy", "alertmanager", "grafana", ...instancesOf(layout)];
    for (const name of others) assert.ok("monitoring" in serviceOf(layout, name).networks, name);
    assert.ok("monitoring" in prometheus.networks);
    // Other files contain the addresses of the exporter and of Prometheus.
    const [target] = z
      .array(z.object({ targets: z.array(z.string()) }))
      .parse(parse(shipped("monitoring/targets/haproxy.yml.example")));
    assert.deepEqual(target?.targets, [`haproxy:${numberIn(shipped("docker/haproxy/exporter.cfg"), /bind :(\d+)/)}`]);
    assert.match(shipped("monitoring/grafana/datasources/prometheus.yml"), /url: http:\/\/prometheus:9090\n/);
  });
}

const scraping = z.object({
  scrape_configs: z.array(
    z.object({
      job_name: z.string(),
      static_configs: z.array(z.object({ targets: z.array(z.string()) })).default([]),
      dns_sd_configs: z.array(z.object({ names: z.array(z.string()), port: z.number() })).default([]),
    }),
  ),
});

test("lb: the proxies reach the instances under the names and the port in their own files", () => {
  const { port } = configOf("lb").http;
  const inNginx = [...shipped("nginx/haven/upstream.conf").matchAll(/^ +server ([^ ]+) /gm)].map(([, name]) => name);
  const inHaproxy = [...haproxyCfg.matchAll(/^ +server [^ ]+ ([^ ]+)$/gm)].map(([, name]) => name);
  const expected = instancesOf("lb").map((name) => `${name}:${port}`);
  assert.deepEqual([inNginx, inHaproxy], [expected, expected]);
  const addresses = instancesOf("lb").map((name) => `${name}:${serviceOf("lb", name).networks["front"]?.ipv4_address}`);
  for (const name of ["nginx", "haproxy"]) {
    assert.deepEqual(serviceOf("lb", name).extra_hosts, addresses);
    assert.ok("front" in serviceOf("lb", name).networks);
  }
  for (const name of instancesOf("lb")) assert.equal(serviceOf("lb", name).environment["INSTANCE_ID"], name);
});

test("scale: the proxies resolve the common name of the instances", () => {
  const upstream = bindsOf(serviceOf("scale", "nginx")).find(({ target }) => target.endsWith("/upstream.conf"));
  assert.equal(upstream?.source, "../nginx/variants/upstream-scaled.conf");
  const name = serviceOf("scale", "app").networks["front"]?.aliases?.[0];
  const target = `${name}:${configOf("scale").http.port}`;
  for (const file of ["nginx/variants/upstream-scaled.conf", "nginx/newer/upstream-scaled-from-1.27.3.conf"])
    assert.match(shipped(file), new RegExp(`(default|server) ${target}[ ;]`), file);
  assert.match(haproxyCfg, new RegExp(`server-template api-server- 1-10 ${target} `));
});

test("a rolling restart waits until the proxies have detected the change", () => {
  const settle = numberIn(script, /^settle_seconds=(\d+)$/m);
  for (const file of globSync("nginx/**/upstream*.conf", { cwd: new URL("../../", import.meta.url) }))
    for (const [, seconds] of shipped(file).matchAll(/(?:fail_timeout|valid)=(\d+)s/g))
      assert.ok(settle > Number(seconds), file);
  assert.ok(settle * 1000 > haproxyDetection().recoveryMs);
});

test("every variant of nginx/ can be selected by name", () => {
  const root = new URL("../../nginx/", import.meta.url);
  for (const layout of layouts) {
    const mounted = bindsOf(serviceOf(layout, "nginx")).map(({ target }) => target);
    for (const variant of globSync(["variants/*.conf", "newer/*.conf"], { cwd: root })) {
      const replaced = /Replaces (haven\/[a-z0-9-]+\.conf)/.exec(shipped(`nginx/${variant}`))?.[1];
      assert.ok(mounted.includes(`/etc/nginx/${replaced}`), variant);
      const name = `NGINX_${/haven\/(.*)\.conf/
        .exec(replaced ?? "")?.[1]
        ?.toUpperCase()
        .replaceAll("-", "_")}`;
      const nginx = read(layout, { ...sampleVariables(layout), [name]: variant }).services["nginx"];
      assert.ok(nginx?.volumes.includes(`../nginx/${variant}:/etc/nginx/${replaced}:ro`), variant);
    }
  }
});

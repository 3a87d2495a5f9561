import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { parse } from "yaml";
import { version } from "../../src/core/identity.ts";
import {
  bindsOf,
  bytesOf,
  instancesOf,
  layouts,
  read,
  secondsOf,
  serviceOf,
  textOf,
  variablesOf,
} from "./compose-files.ts";

const proxies = ["nginx", "haproxy"];
const monitoring = ["nginx-exporter", "prometheus", "alertmanager", "grafana"];
const otherServices = ["migrate", "postgres", "redis", ...proxies, ...monitoring];

for (const layout of layouts) {
  const services = Object.entries(read(layout).services);

  test(`${layout}: the services are the instances, the migration, the stores, the proxies and the monitoring`, () => {
    assert.deepEqual(services.map(([name]) => name).sort(), [...instancesOf(layout), ...otherServices].sort());
    // The documents call the database `db`.
    assert.deepEqual(serviceOf(layout, "postgres").networks["data"]?.aliases, ["db"]);
    assert.equal(read(layout).name, "haven");
  });

  test(`${layout}: every service has limits, restarts after a failure, and has a health check`, () => {
    for (const [name, { restart, deploy, logging, healthcheck, profiles }] of services) {
      assert.equal(restart, name === "migrate" ? "no" : "unless-stopped", name);
      assert.ok(bytesOf(deploy.resources.limits.memory) > 0 && deploy.resources.limits.pids > 0, name);
      assert.deepEqual(logging.options, { "max-size": "10m", "max-file": "5" });
      assert.equal("disable" in healthcheck, ["migrate", "nginx-exporter"].includes(name), name);
      assert.deepEqual(profiles, name === "haproxy" ? ["haproxy"] : undefined);
    }
    // Instances have no CPU limit, because throttling would stall the event loop.
    for (const name of instancesOf(layout))
      assert.equal(serviceOf(layout, name).deploy.resources.limits.cpus, undefined);
  });

  test(`${layout}: images are pinned, and the image of Haven has this version and is built once`, () => {
    for (const [name, { image, build }] of services) {
      assert.match(image, /^[a-z/-]+:v?\d+\.\d+(\.\d+)?(-[a-z]+)?$/, name);
      const isHavenImage = [...instancesOf(layout), "migrate"].includes(name);
      assert.equal(image === `haven-api:${version}`, isHavenImage, name);
      assert.equal(build !== undefined, name === "migrate", name);
    }
    const { build } = serviceOf(layout, "migrate");
    assert.deepEqual([build?.context, build?.dockerfile], ["..", "docker/Dockerfile"]);
  });

  test(`${layout}: only a proxy can be reached from outside`, () => {
    for (const [name, { ports }] of services) {
      if (!proxies.includes(name)) for (const port of ports) assert.match(port, /^127\.0\.0\.1:\d+:\d+$/, name);
    }
    assert.deepEqual(serviceOf(layout, "nginx").ports, ["80:80", "443:443"]);
    const published = services.flatMap(([, { ports }]) => ports.map((port) => port.split(":").at(-2)));
    assert.equal(new Set(published).size, published.length, "every published port is used once");
    assert.deepEqual(
      services.filter(([, { ports }]) => ports.length > 0).map(([name]) => name),
      ["nginx", "haproxy", "prometheus", "alertmanager", "grafana"],
    );
  });

  test(`${layout}: Postgres and Redis are only on a network without internet access`, () => {
    const { networks } = read(layout);
    assert.equal(networks["data"]?.internal, true);
    for (const name of ["postgres", "redis", "migrate"])
      assert.deepEqual(Object.keys(serviceOf(layout, name).networks), ["data"], name);
    for (const [name, { networks: joined }] of services)
      if (![...instancesOf(layout), "postgres", "redis", "migrate"].includes(name))
        assert.ok(!("data" in joined), name);
  });

  test(`${layout}: no service has more rights than needed`, () => {
    for (const [name, { cap_add, user, volumes }] of services) {
      assert.deepEqual(cap_add.length > 0, proxies.includes(name), name);
      assert.ok(user === undefined || proxies.includes(name) || /^[1-9]\d*:[1-9]\d*$/.test(user), name);
      assert.ok(!volumes.some((volume) => volume.includes("docker.sock")), name);
    }
    for (const [name, service] of services)
      for (const { source, mode } of bindsOf(service)) assert.equal(mode, "ro", `${name} ${source}`);
  });

  test(`${layout}: each service starts after its dependencies`, () => {
    const needs = (name: string) =>
      Object.fromEntries(
        Object.entries(serviceOf(layout, name).depends_on).map(([on, { condition }]) => [on, condition]),
      );
    assert.deepEqual(needs("migrate"), { postgres: "service_healthy" });
    for (const name of instancesOf(layout))
      assert.deepEqual(needs(name), {
        migrate: "service_completed_successfully",
        postgres: "service_healthy",
        redis: "service_healthy",
      });
    for (const name of proxies)
      assert.deepEqual(needs(name), Object.fromEntries(instancesOf(layout).map((one) => [one, "service_healthy"])));
    for (const [name, { healthcheck: check }] of services)
      if ("interval" in check) assert.ok(secondsOf(check.timeout) <= secondsOf(check.interval), name);
  });

  test(`${layout}: mounted files exist, except those that setup creates`, () => {
    const createdBySetup = /^(\.\/ssl(\/haven\.pem)?|\.\/secrets\/(serve|migrate)|\.\.\/monitoring\/secrets\/\w+)$/;
    for (const [name, service] of services)
      for (const { source } of bindsOf(service)) {
        const exists = existsSync(new URL(`../../docker/${source}`, import.meta.url));
        assert.ok(exists || createdBySetup.test(source), `${name} ${source}`);
      }
    const named = services.flatMap(([, { volumes }]) => volumes.filter((one) => !one.startsWith(".")));
    assert.deepEqual(named.map((one) => one.split(":")[0]).sort(), Object.keys(read(layout).volumes).sort());
  });

  test(`${layout}: the file contains no passwords, and each missing password is an error`, () => {
    const { required, optional } = variablesOf(layout);
    const secret = /PASSWORD|SECRET|TOKEN|KEY/;
    assert.deepEqual(
      [...optional].filter((name) => secret.test(name)),
      [],
    );
    assert.equal(read(layout).services["redis"]?.environment["REDIS_PASSWORD"]?.startsWith("redis_password"), true);
    for (const missing of required) {
      const others = Object.fromEntries([...required].filter((name) => name !== missing).map((name) => [name, "x"]));
      assert.throws(() => read(layout, others), { message: `${missing}: run load-balancer-setup.sh setup` });
    }
    for (const [name, { environment }] of services)
      for (const [key, value] of Object.entries(environment))
        if (secret.test(key) && !key.endsWith("_FILE"))
          assert.match(value ?? "", /^[a-z_]+-(0a){20}$/, `${name} ${key}`);
  });
}

test("the common parts of both files are identical", () => {
  const [lb, scale] = [read("lb"), read("scale")];
  for (const name of otherServices) {
    const [ofLb, ofScale] = [lb.services[name], scale.services[name]];
    assert.ok(ofLb && ofScale);
    const ofProxies = proxies.includes(name) ? { depends_on: {}, extra_hosts: [] } : {};
    const differing = { volumes: [], environment: {} };
    assert.deepEqual({ ...ofLb, ...ofProxies, ...differing }, { ...ofScale, ...ofProxies, ...differing }, name);
    const changed = ofLb.volumes.filter((volume) => !ofScale.volumes.includes(volume));
    assert.deepEqual(changed.length, ["nginx", "prometheus"].includes(name) ? 1 : 0, `${name} ${changed}`);
    const { HAVEN_SCALED: _, ...rest } = ofLb.environment;
    const { HAVEN_SCALED: scaled, ...restOfOther } = ofScale.environment;
    assert.deepEqual(rest, restOfOther);
    assert.equal(scaled, name === "haproxy" ? "yes" : undefined);
  }
  assert.deepEqual([lb.volumes, lb.networks], [scale.volumes, scale.networks]);
  const [instance, app] = [lb.services["api-server-1"], scale.services["app"]];
  assert.ok(instance && app);
  const { INSTANCE_ID, ...environment } = instance.environment;
  assert.equal(INSTANCE_ID, "api-server-1");
  assert.deepEqual({ ...instance, environment, networks: {} }, { ...app, networks: {}, deploy: instance.deploy });
  assert.deepEqual(app.deploy, { ...instance.deploy, replicas: "3" });
  // The common text is compared with its comments.
  const common = (text: string) => text.slice(text.indexOf("  # Brings the schema"), text.indexOf("  nginx:"));
  assert.equal(common(textOf("lb")), common(textOf("scale")));
});

test("blackbox_exporter reaches both proxies under the host name in targets/edge.yml.example", () => {
  const shipped = (file: string) => parse(readFileSync(new URL(`../../${file}`, import.meta.url), "utf8"));
  const { services, name } = shipped("docker/docker-compose.edge.yml");
  assert.equal(name, "haven");
  const [{ targets }] = shipped("monitoring/targets/edge.yml.example");
  assert.deepEqual(targets, ["https://edge/health"]);
  const edge = shipped("monitoring/prometheus.yml").scrape_configs.find(
    ({ job_name: job }: { job_name: string }) => job === "edge",
  );
  assert.match(JSON.stringify(edge), /"blackbox:9115"/);
  for (const network of services.blackbox.networks)
    for (const layout of layouts)
      for (const proxy of proxies)
        assert.deepEqual(serviceOf(layout, proxy).networks[network]?.aliases, ["edge"], `${layout} ${proxy}`);
});

for (const layout of layouts) {
  test(`${layout}: the exporter of NGINX reads the address that NGINX serves`, () => {
    const { command } = serviceOf(layout, "nginx-exporter");
    assert.deepEqual(command, ["--nginx.scrape-uri=http://nginx:8081/nginx_status"]);
    const mounted = bindsOf(serviceOf(layout, "nginx")).find(({ target }) => target === "/etc/nginx/haven/status.conf");
    const served = readFileSync(new URL(mounted?.source ?? "", new URL("../../docker/", import.meta.url)), "utf8");
    assert.match(served, /^ {4}listen 8081;$/m);
    assert.match(served, /location = \/nginx_status/);
  });
}

test("NGINX sends its access log to the fixed address of nginx-log-exporter", () => {
  const file = readFileSync(new URL("../../docker/docker-compose.edge.yml", import.meta.url), "utf8");
  const { nginx, "nginx-log-exporter": exporter } = parse(file).services;
  const address = exporter.networks.front.ipv4_address;
  assert.deepEqual(nginx.extra_hosts, [`nginx-log-exporter:${address}`]);
  for (const layout of layouts) {
    assert.ok(!textOf(layout).includes(`${address}"`), "the address is free");
    assert.match(textOf(layout), /^ {8}- subnet: \$\{FRONT_NETWORK:-10\.186\.42\}\.0\/24$/m);
  }
  const [source = ""] = nginx.volumes[0].split(":");
  const sent = readFileSync(new URL(source, new URL("../../docker/", import.meta.url)), "utf8");
  assert.match(sent, /syslog:server=nginx-log-exporter:5140,/);
});

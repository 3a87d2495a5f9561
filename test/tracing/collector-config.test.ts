import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { runProgram } from "../shared/run-program.ts";
import { receiverProgram, withReceiver } from "../support/otlp-receiver.ts";

const root = new URL("../../", import.meta.url);
const read = (file: string) => parse(readFileSync(new URL(file, root), "utf8"), { merge: true });

test("the collector accepts its shipped configuration", withReceiver, async () => {
  const config = fileURLToPath(new URL("monitoring/otel-collector.yml", root));
  const { code, output } = await runProgram(receiverProgram, ["validate", "--config", config]);
  assert.equal(code, 0, output);
});

test("the compose file of the traces connects collector, Tempo and Grafana under the names of their configurations", () => {
  const { services, name } = read("docker/docker-compose.traces.yml");
  assert.equal(name, "haven");
  assert.deepEqual(Object.keys(services).sort(), ["collector", "tempo"]);
  assert.equal(read("monitoring/otel-collector.yml").exporters.otlp_http.endpoint, "http://tempo:4318");
  assert.equal(read("monitoring/tempo.yml").distributor.receivers.otlp.protocols.http.endpoint, "0.0.0.0:4318");
  const [tempo] = read("monitoring/grafana/datasources/tempo.yml").datasources;
  const [prometheus] = read("monitoring/grafana/datasources/prometheus.yml").datasources;
  assert.equal(tempo.url, "http://tempo:3200");
  assert.equal(prometheus.jsonData.exemplarTraceIdDestinations[0].datasourceUid, tempo.uid);
  assert.equal(tempo.jsonData.tracesToMetrics.datasourceUid, prometheus.uid);
  for (const layout of ["lb", "scale"]) {
    const { command } = read(`docker/docker-compose.${layout}.yml`).services.prometheus;
    assert.ok(command.includes("--enable-feature=exemplar-storage"), layout);
  }
});

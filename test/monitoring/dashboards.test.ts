import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { dashboards as sources } from "../../monitoring/dashboards/all.ts";
import { toJson } from "../../monitoring/dashboards/build.ts";
import { config, dashboards } from "./monitoring-files.ts";

test("the dashboards equal the output of their sources (npm run monitoring)", () => {
  assert.deepEqual(dashboards.map(({ file }) => file).sort(), sources.map(({ uid }) => `${uid}.json`).sort());
  for (const source of sources) {
    assert.equal(dashboards.find(({ uid }) => uid === source.uid)?.text, toJson(source), source.uid);
  }
});

test("there are four dashboards, and each links to the others", () => {
  assert.deepEqual(dashboards.map(({ title }) => title).sort(), [
    "API Performance",
    "Database Metrics",
    "Load Balancer Stats",
    "System Overview",
  ]);
  assert.equal(new Set(dashboards.map(({ uid }) => uid)).size, dashboards.length);
  for (const { links, tags } of dashboards) {
    assert.ok(links.some((link) => link.type === "dashboards" && link.tags.every((tag) => tags.includes(tag))));
  }
});

test("every panel has a unit, a description, a selectable data source, and its own position", () => {
  for (const { title: dashboard, panels, templating } of dashboards) {
    assert.deepEqual(
      templating.list.map(({ name }) => name),
      ["datasource", "instance", "interval"],
    );
    assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
    const taken = new Set<string>();
    for (const { type, title, description, datasource, fieldConfig, targets, gridPos } of panels) {
      assert.ok(gridPos.x + gridPos.w <= 24, `${dashboard}: ${title}`);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
          assert.ok(!taken.has(`${x} ${y}`), `${dashboard}: ${title} overlaps another panel`);
          taken.add(`${x} ${y}`);
        }
      }
      if (type === "row") continue;
      assert.ok(description.length > 15, `${dashboard}: ${title}`);
      assert.ok(fieldConfig?.defaults.unit, `${dashboard}: ${title}`);
      assert.ok(targets.length > 0, `${dashboard}: ${title}`);
      assert.equal(new Set(targets.map(({ refId }) => refId)).size, targets.length);
      for (const source of [datasource, ...targets.map((target) => target.datasource)]) {
        assert.equal(source?.uid, "$datasource", `${dashboard}: ${title}`);
      }
    }
  }
});

test("panels query only the selected instances and interval", () => {
  const ofTheFleet = /slo|job:|while_ready|haproxy|nginx|job="edge"|ALERTS/;
  for (const { title: dashboard, panels } of dashboards) {
    for (const { title, targets } of panels) {
      for (const { expr } of targets) {
        assert.ok(expr.includes('instance=~"$instance"') || ofTheFleet.test(expr), `${dashboard}, ${title}: ${expr}`);
        assert.doesNotMatch(expr, /\[\d/, `${dashboard}, ${title}: ${expr}`);
      }
    }
  }
});

test("the provisioning files give Grafana the data source and the folder of the dashboards", () => {
  const sourcesFile = z.object({ datasources: z.array(z.object({ type: z.string(), url: z.string() })) });
  const { datasources } = sourcesFile.parse(config("grafana/datasources/prometheus.yml"));
  assert.deepEqual(datasources, [{ type: "prometheus", url: "http://prometheus:9090" }]);
  const providers = z.object({ providers: z.array(z.object({ options: z.object({ path: z.string() }) })) });
  const [provider] = providers.parse(config("grafana/dashboards/haven.yml")).providers;
  assert.equal(provider?.options.path, "/etc/grafana/provisioning/dashboards");
});

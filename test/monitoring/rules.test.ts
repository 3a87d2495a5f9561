import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { z } from "zod";
import { atEnd } from "../shared/at-end.ts";
import { without } from "../shared/programs.ts";
import { runProgram } from "../shared/run-program.ts";
import {
  alerts,
  alertTests,
  config,
  dashboards,
  folder,
  records,
  ruleFiles,
  runbook,
  testFiles,
} from "./monitoring-files.ts";

const promtool = { skip: without("promtool") };

test("promtool accepts both configurations and the files that they refer to", promtool, async () => {
  const copy = mkdtempSync(join(tmpdir(), "haven-monitoring-"));
  atEnd(() => rmSync(copy, { recursive: true }));
  cpSync(folder, copy, { recursive: true });
  for (const file of ["prometheus.yml", "prometheus.scale.yml"]) {
    const { code, output } = await runProgram("promtool", ["check", "config", file], { cwd: copy });
    assert.equal(code, 0, output);
    assert.match(output, new RegExp(`${ruleFiles.length} rule files found`));
  }
});

test("promtool reports no problem in the rules", promtool, async () => {
  const { code, output } = await runProgram("promtool", ["check", "rules", "--lint-fatal", ...ruleFiles]);
  assert.equal(code, 0, output);
});

test("the rules pass their unit tests", promtool, async () => {
  const { code, output } = await runProgram("promtool", ["test", "rules", ...testFiles], { timeoutMs: 100_000 });
  assert.equal(code, 0, output);
});

test("each alert has a test in which it fires and one in which it does not", () => {
  for (const { alert } of alerts) {
    const tests = alertTests.filter(({ alertname }) => alertname === alert);
    assert.ok(
      tests.some(({ exp_alerts }) => exp_alerts.length > 0),
      `no test makes ${alert} fire`,
    );
    assert.ok(
      tests.some(({ exp_alerts }) => exp_alerts.length === 0),
      `no test shows that ${alert} does not fire`,
    );
  }
  const names = new Set(alerts.map(({ alert }) => alert));
  for (const { alertname } of alertTests) assert.ok(names.has(alertname), `there is no alert ${alertname}`);
  assert.equal(names.size, alerts.length);
});

test("each alert has a severity, a text that names the instance, and a section of the runbook", () => {
  const sections = new Set([...runbook.matchAll(/^## (\w+)$/gm)].map(([, title]) => title));
  for (const { alert, labels, annotations } of alerts) {
    assert.match(labels["severity"] ?? "", /^(critical|warning|none)$/, alert);
    assert.equal(annotations["runbook_url"], `docs/runbook.md#${alert.toLowerCase()}`);
    assert.ok(sections.has(alert), `docs/runbook.md has no section ${alert}`);
    assert.ok((annotations["summary"] ?? "").length > 10, alert);
    const namesInstance = annotations["description"]?.includes("{{ $labels.instance }}");
    assert.ok(namesInstance || ofTheFleet.has(alert), `${alert} does not name the instance`);
  }
  for (const section of sections) {
    assert.ok(
      alerts.some(({ alert }) => alert === section),
      `docs/runbook.md has a section ${section} of no alert`,
    );
  }
});

/** Alerts about all instances together, whose text names no instance. */
const ofTheFleet = new Set([
  "PostgresReadOnly",
  "PostgresCommitsStalled",
  "RedisRefusesWrites",
  "NoInstanceReady",
  "TooFewInstancesReady",
  "TargetsMissing",
  "SharedOutage",
  "PostgresDown",
  "RedisDown",
  "CertificateExpiresSoon",
  "CertificateExpiresWithinDays",
  "NoTraffic",
  "MailServerDown",
  "MailQueueGrows",
  "MailsFail",
  "AvailabilityBudgetBurnsFast",
  "AvailabilityBudgetBurnsSlowly",
  "LatencyBudgetBurnsFast",
  "LatencyBudgetBurnsSlowly",
]);

test("each section of the runbook has commands, and states when the problem is over", () => {
  const [, ...sections] = runbook.split(/^## /m);
  for (const section of sections) {
    const title = section.slice(0, section.indexOf("\n"));
    assert.match(section, /```sh\n[\s\S]+?\n```/, `${title}: no commands`);
    assert.match(section, /^Over when /m, `${title}: no line "Over when"`);
  }
});

const prometheus = z.object({
  global: z.object({ scrape_interval: z.string(), scrape_timeout: z.string(), evaluation_interval: z.string() }),
  scrape_configs: z.array(z.looseObject({ job_name: z.string() })),
});

const seconds = (text: string): number => {
  const [, amount = "", unit = ""] = /^(\d+)([smhd])$/.exec(text) ?? [];
  return Number(amount) * ({ s: 1, m: 60, h: 3600, d: 86_400 }[unit] ?? Number.NaN);
};

test("a scrape ends before the next begins, and every window contains four scrapes", () => {
  const { global } = prometheus.parse(config("prometheus.yml"));
  const interval = seconds(global.scrape_interval);
  assert.ok(seconds(global.scrape_timeout) < interval);
  for (const { expr } of [...alerts, ...records]) {
    for (const [, window = ""] of expr.matchAll(/\[(\d+\w)\]/g)) {
      assert.ok(seconds(window) >= 4 * interval, `${window} in ${expr}`);
    }
  }
});

test("the scaled configuration differs only in the discovery of the instances", () => {
  const [fixed, scaled] = ["prometheus.yml", "prometheus.scale.yml"].map((file) => {
    const configuration = prometheus.loose().parse(config(file));
    const [instances, ...others] = configuration.scrape_configs;
    assert.equal(instances?.job_name, "haven-api");
    const { static_configs: _, dns_sd_configs: __, ...same } = instances;
    return { ...configuration, scrape_configs: [same, ...others] };
  });
  assert.deepEqual(scaled, fixed);
});

test("the objectives equal those in the pages and the dashboard", () => {
  const page = readFileSync(new URL("../../docs/monitoring.md", import.meta.url), "utf8");
  const source = readFileSync(join(folder, "rules/slo.yml"), "utf8");
  const stats = JSON.stringify(dashboards.find(({ uid }) => uid === "haven-api")?.panels);
  for (const name of ["availability", "latency"]) {
    const share = records.find(({ record }) => record === `slo:${name}:objective`)?.expr.match(/^vector\((.+)\)$/)?.[1];
    const percentage = `${Number((Number(share) * 100).toFixed(3))} %`;
    for (const text of [
      page.match(new RegExp(`\\*\\*${name}.*`))?.[0],
      source.match(new RegExp(`^#   ${name}: .*`, "m"))?.[0],
    ]) {
      assert.ok(text?.includes(percentage), `${name}: ${text} should contain ${percentage}`);
    }
    assert.ok(stats.includes(`Objective: ${percentage}`), `${name}: the dashboard should contain ${percentage}`);
  }
  const limits = new Set(
    records.flatMap(({ record, expr }) => (/latency/.test(record) ? (expr.match(/le="([\d.]+)"/)?.[1] ?? []) : [])),
  );
  assert.equal(limits.size, 1);
  for (const text of [page, source, stats]) assert.ok(text.includes(`at most ${[...limits][0]} s`));
});

test("rates are computed only for counters", () => {
  for (const { expr } of [...alerts, ...records]) {
    for (const [, name = ""] of expr.matchAll(/\b(?:rate|increase)\((\w+)/g)) {
      assert.match(name, /_(total|bucket|count|sum)$|^nginx_connections_(accepted|handled)$/, expr);
    }
  }
});

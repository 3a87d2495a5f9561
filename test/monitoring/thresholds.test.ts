import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { dashboards } from "../../monitoring/dashboards/all.ts";
import { withObjectives, withThresholds } from "../../monitoring/generated-docs.ts";
import { alertsWithThreshold, formatThreshold, thresholdOf } from "../../monitoring/thresholds.ts";
import { drainDefaults } from "../../src/config/variables/server-variables.ts";
import { certificateLimits } from "../../src/kit/status-page/certificate-list.ts";
import { alerts, runbook } from "./monitoring-files.ts";

const page = (name: string): string => readFileSync(new URL(`../../docs/${name}`, import.meta.url), "utf8");
const panels = dashboards.flatMap(({ rows }) => rows).flatMap((row) => row.panels);

test("the runbook states the thresholds of the rules (npm run monitoring)", () => {
  assert.equal(runbook, withThresholds(runbook));
  for (const alert of alertsWithThreshold()) {
    assert.match(runbook, new RegExp(`^## ${alert}\n\nThreshold: `, "m"));
  }
});

test("docs/monitoring.md states the objectives and burn rates of the rules (npm run monitoring)", () => {
  const text = page("monitoring.md");
  assert.equal(text, withObjectives(text));
});

test("the prose of a section of the runbook does not repeat the threshold", () => {
  const sections = runbook.split(/^## /m).slice(1);
  for (const alert of alertsWithThreshold()) {
    const section = sections.find((text) => text.startsWith(`${alert}\n`)) ?? "";
    const prose = section.replace(/^Threshold: .*$/m, "").replaceAll(/```[\s\S]*?```/g, "");
    assert.doesNotMatch(prose, /\b(?:below|above|within|less than|more than|longer than) \d/, alert);
  }
});

test("the threshold of an alert has the unit of its expression", () => {
  const alertNames = [
    "EventLoopSlow",
    "MemoryHigh",
    "InstanceRestarts",
    "CertificateExpiresSoon",
    "EdgeCertificateExpiresSoon",
  ];
  assert.deepEqual(alertNames.map(unitOfThreshold), ["s", "%", "", "days", "days"]);
});

const unitOfThreshold = (alert: string): string => formatThreshold(alert).replace(/^[\d.]+ ?/, "");

test("a panel that names an alert states its threshold and draws a line there", () => {
  const named = panels.flatMap((panel) =>
    alertsWithThreshold().flatMap((alert) =>
      panel.description.includes(`alert ${alert} fires`) ? [{ panel, alert }] : [],
    ),
  );
  assert.ok(named.length >= 10, `only ${named.length} panels name an alert`);
  for (const { panel, alert } of named) {
    assert.ok(panel.description.includes(formatThreshold(alert)), `${panel.title}: ${panel.description}`);
    // The threshold of this alert is a number of slow runs, but the panel draws the duration of the runs.
    if (alert === "HealthCheckSlow") continue;
    const lines = panel.thresholds?.map(({ from }) => from) ?? [];
    const nearest = lines.some((from) => from !== null && Math.abs(from - thresholdOf(alert)) <= 0.011);
    assert.ok(nearest, `${panel.title} has no line at ${formatThreshold(alert)}`);
  }
});

test("an alert description that states a number states its own threshold", () => {
  for (const alert of alertsWithThreshold()) {
    const { summary = "" } = alerts.find((one) => one.alert === alert)?.annotations ?? {};
    const [, number] = /\b(?:more than|above|over) (\d+(?:\.\d+)?)/.exec(summary) ?? [];
    if (number === undefined || alert === "HealthCheckSlow") continue;
    assert.equal(Number(number), thresholdOf(alert), summary);
  }
});

test("the alert about a long drain waits longer than a drain with the production defaults takes", () => {
  const drainMs = Object.values(drainDefaults(true)).reduce((sum, ms) => sum + ms, 0);
  const { for: wait = "" } = alerts.find(({ alert }) => alert === "InstanceDrainingTooLong") ?? {};
  const [, minutes] = /^(\d+)m$/.exec(wait) ?? [];
  assert.ok(Number(minutes) * 60_000 > drainMs, `${wait}, and a drain takes ${drainMs} ms`);
});

test("the status page marks a certificate when the alerts about it fire", () => {
  const { expr = "" } = alerts.find(({ alert }) => alert === "CertificateExpiresSoon") ?? {};
  assert.match(expr, new RegExp(`< ${certificateLimits.warningDays} >= ${certificateLimits.alarmDays}$`));
  assert.equal(thresholdOf("CertificateExpiresWithinDays"), certificateLimits.alarmDays);
});

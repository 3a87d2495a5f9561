import { globSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { z } from "zod";

export const folder = fileURLToPath(new URL("../../monitoring/", import.meta.url));
export const runbook = readFileSync(new URL("../../docs/runbook.md", import.meta.url), "utf8");

const filesIn = (pattern: string): readonly string[] => globSync(folder + pattern).sort();
const yamlIn = (file: string): unknown => parse(readFileSync(file, "utf8"));

const rule = z.union([
  z.strictObject({ record: z.string(), expr: z.string() }),
  z.strictObject({
    alert: z.string(),
    expr: z.string(),
    for: z.string().optional(),
    labels: z.record(z.string(), z.string()),
    annotations: z.record(z.string(), z.string()),
  }),
]);

const ruleFile = z.strictObject({
  groups: z.array(z.strictObject({ name: z.string(), interval: z.string().optional(), rules: z.array(rule) })),
});

export const ruleFiles = filesIn("rules/*.yml");
const rules = ruleFiles.flatMap((file) => ruleFile.parse(yamlIn(file)).groups.flatMap((group) => group.rules));
export const alerts = rules.filter((one) => "alert" in one);
export const records = rules.filter((one) => "record" in one);

const unitTests = z.object({
  rule_files: z.array(z.string()),
  tests: z.array(
    z.object({
      name: z.string(),
      alert_rule_test: z.array(z.object({ alertname: z.string(), exp_alerts: z.array(z.unknown()) })).default([]),
    }),
  ),
});

export const testFiles = filesIn("tests/*.yml");
export const alertTests = testFiles.flatMap((file) =>
  unitTests.parse(yamlIn(file)).tests.flatMap((one) => one.alert_rule_test),
);

const target = z.object({ refId: z.string(), expr: z.string(), datasource: z.object({ uid: z.string() }) });
const panel = z.object({
  id: z.number(),
  type: z.string(),
  title: z.string(),
  description: z.string().default(""),
  gridPos: z.object({ x: z.number(), y: z.number(), w: z.number(), h: z.number() }),
  datasource: z.object({ uid: z.string() }).optional(),
  fieldConfig: z.object({ defaults: z.object({ unit: z.string() }) }).optional(),
  targets: z.array(target).default([]),
});
const dashboard = z.object({
  uid: z.string(),
  title: z.string(),
  links: z.array(z.object({ type: z.string(), tags: z.array(z.string()) })),
  tags: z.array(z.string()),
  annotations: z.object({ list: z.array(z.object({ expr: z.string() })) }),
  templating: z.object({ list: z.array(z.object({ name: z.string() })) }),
  panels: z.array(panel),
});

export const dashboards = filesIn("grafana/dashboards/*.json").map((file) => ({
  file: basename(file),
  text: readFileSync(file, "utf8"),
  ...dashboard.parse(JSON.parse(readFileSync(file, "utf8"))),
}));

export const config = (file: string): unknown => yamlIn(folder + file);

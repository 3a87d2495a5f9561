import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { z } from "zod";

// The alert rules define every threshold; dashboards and the runbook take them from here.

const folder = fileURLToPath(new URL("./rules/", import.meta.url));
const ruleSchema = z.looseObject({
  alert: z.string().optional(),
  record: z.string().optional(),
  expr: z.string(),
  for: z.string().optional(),
});
const ruleFile = z.object({ groups: z.array(z.object({ rules: z.array(ruleSchema) })) });

const rules = new Map(
  globSync(`${folder}*.yml`)
    .sort()
    .flatMap((file) => ruleFile.parse(parse(readFileSync(file, "utf8"))).groups)
    .flatMap((group) => group.rules)
    .map((rule) => [rule.alert ?? rule.record ?? "", rule] as const),
);

function ruleNamed(name: string): z.infer<typeof ruleSchema> {
  const found = rules.get(name);
  if (found === undefined) throw new Error(`no rule named ${name}`);
  return found;
}

type Comparison = { operator: string; value: number };

/**
 * Returns the first number other than 0 that an alert compares with. Conditions after `and on` are ignored: they only
 * limit where the alert applies.
 */
function findComparison(expression: string): Comparison | undefined {
  const [condition = ""] = expression.split(/\band on\b/);
  return [...condition.matchAll(/([<>]=?)\s+(\d+(?:\.\d+)?)(?=\s|$)/g)]
    .map(([, operator = "", value]) => ({ operator, value: Number(value) }))
    .find(({ value }) => value !== 0);
}

function comparisonOf(alert: string): Comparison {
  const comparison = findComparison(ruleNamed(alert).expr);
  if (comparison === undefined) throw new Error(`${alert} has no threshold`);
  return comparison;
}

export const thresholdOf = (alert: string): number => comparisonOf(alert).value;

/** Formats the threshold with its unit: "0.2 s", "85 %", "3". */
export const formatThreshold = (alert: string): string =>
  formatNumber(thresholdOf(alert), unitOf(ruleNamed(alert).expr));

const operatorNames: Readonly<Record<string, string>> = {
  ">": "above",
  ">=": "at least",
  "<": "below",
  "<=": "at most",
};

/** Formats the condition in which an alert fires: "above 0.2 s, for 5m". */
export function formatCondition(alert: string): string {
  const duration = ruleNamed(alert).for;
  const condition = `${operatorNames[comparisonOf(alert).operator]} ${formatThreshold(alert)}`;
  return duration === undefined ? condition : `${condition}, for ${duration}`;
}

type ThresholdUnit = "" | " s" | " %" | " days";

function unitOf(expression: string): ThresholdUnit {
  if (/\bchanges\(/.test(expression)) return "";
  if (/days_left|\/ 86400\b/.test(expression)) return " days";
  if (/:ratio|deviation|\s\/\s/.test(expression)) return " %";
  return /_seconds/.test(expression) ? " s" : "";
}

const formatNumber = (value: number, unit: ThresholdUnit): string =>
  `${Number((unit === " %" ? value * 100 : value).toFixed(3))}${unit}`;

/**
 * Returns the alerts that compare with a number, without those of the objectives, whose burn rates are listed
 * separately.
 */
export const alertsWithThreshold = (): string[] =>
  [...rules.values()].flatMap(({ alert, expr }) =>
    alert !== undefined && !isBurnRate(expr) && findComparison(expr) !== undefined ? [alert] : [],
  );

const isBurnRate = (expression: string): boolean => /\* \(1 - scalar\(/.test(expression);

export type Objective = "availability" | "latency";

/** Returns the minimum share of good requests of an objective, between 0 and 1. */
export const objectiveOf = (name: Objective): number =>
  Number(/^vector\((.+)\)$/.exec(ruleNamed(`slo:${name}:objective`).expr)?.[1]);

export const formatObjective = (name: Objective): string => formatNumber(objectiveOf(name), " %");

/** Returns the upper bound of the histogram bucket that a recording rule reads, in seconds. */
export const bucketOf = (record: string): number => Number(/le=~?"(\d+(?:\.\d+)?)/.exec(ruleNamed(record).expr)?.[1]);

/**
 * Returns the burn rate of an alert for each of its long windows: how much faster than allowed the error budget is used
 * up.
 */
export function burnRatesOf(alert: string): readonly { window: string; rate: number }[] {
  const longWindow = /ratio_rate(\w+) > ([\d.]+) \*[^\n]*\n\s+and /g;
  return [...ruleNamed(alert).expr.matchAll(longWindow)].map(([, window = "", rate]) => ({
    window,
    rate: Number(rate),
  }));
}

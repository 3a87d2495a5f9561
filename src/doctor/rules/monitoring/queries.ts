import { holdsIn, versionFacts, versionsSince } from "../../facts/versions.ts";
import type { Rule, Violation } from "../../rule.ts";
import { alert } from "../example-files.ts";
import { insideOf, withoutStrings } from "./promql.ts";

/** Splits a query at `and`, `or` and `unless`. */
function conditionsOf(query: string): string[] {
  const parts: string[] = [];
  let from = 0;
  for (const { 0: word, index } of withoutStrings(query).matchAll(/\b(?:and|or|unless)\b/gi)) {
    parts.push(query.slice(from, index));
    from = index + word.length;
  }
  return [...parts, query.slice(from)];
}

export const queryRules: readonly Rule[] = [
  {
    id: "trap-quantile-without-le",
    severity: "warning",
    title: "A quantile of buckets that are not aggregated",
    impact:
      "Each instance and route has its own quantile, so that an alert on the highest one fires for a single slow request. If buckets are summed without le, there is no value at all.",
    condition:
      "The buckets are added up before the quantile is computed: `histogram_quantile(q, sum by (le, …) (rate(…_bucket[…])))`",
    fix: "Put sum by (le) around the rate.",
    example: {
      kind: "kubernetes",
      broken: alert("histogram_quantile(0.95, rate(http_request_duration_seconds_bucket[5m])) > 1"),
      fixed: alert("histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket[5m]))) > 1"),
    },
    find: ({ monitoring }) =>
      monitoring.flatMap(({ queries }) =>
        queries.flatMap(({ text: query, at }) =>
          [...query.matchAll(/\bhistogram_quantile\s*\(/g)].flatMap(({ 0: opening, index }): Violation[] => {
            const inner = insideOf(query, index + opening.length);
            // Recording rules aggregate before they record, and native histograms have no buckets.
            if (
              !/_bucket\b/.test(inner) ||
              /\bby\s*\([^)]*\ble\b/i.test(inner) ||
              (/\bwithout\s*\(/i.test(inner) && !/\bwithout\s*\([^)]*\ble\b/i.test(inner)) ||
              /\w:\w/.test(inner)
            )
              return [];
            const isSummed = /\bsum\b/i.test(inner);
            return [
              {
                severity: isSummed ? "error" : "warning",
                places: [at],
                message: isSummed
                  ? "The buckets are summed without le."
                  : "The buckets of each series are used separately.",
              },
            ];
          }),
        ),
      ),
  },
  {
    id: "trap-promql-removed-function",
    severity: "error",
    title: "Prometheus no longer has this function",
    impact: "Prometheus does not load the file of rules: none of its alerts fires.",
    condition: `No holt_winters: ${versionFacts.prometheusNoHoltWinters.text} (${versionsSince(versionFacts.prometheusNoHoltWinters)})`,
    fix: "Write double_exponential_smoothing, or keep Prometheus 2.",
    example: {
      kind: "kubernetes",
      broken: alert("holt_winters(queue_length[10m], 0.5, 0.5) > 100"),
      fixed: alert("avg_over_time(queue_length[10m]) > 100"),
    },
    find: ({ monitoring, versions }) => {
      const fact = versionFacts.prometheusNoHoltWinters;
      const holds = holdsIn(fact, versions.prometheus);
      if (holds === "no") return [];
      return monitoring.flatMap(({ queries }) =>
        queries
          .filter(({ text: query }) => /\bholt_winters\s*\(/.test(withoutStrings(query)))
          .map(
            ({ at }): Violation => ({
              places: [at],
              message: "holt_winters has another name.",
              ...(holds === "depends" && { severity: "warning", affectedVersions: versionsSince(fact) }),
            }),
          ),
      );
    },
  },
  {
    id: "trap-errors-not-a-ratio",
    severity: "warning",
    title: "An error rate is not a ratio",
    impact:
      "The value is errors per second: during a full outage at night it stays below the threshold, and on a busy day a few errors in a million exceed it.",
    condition: "Errors are divided by all requests before they are compared with a ratio",
    fix: 'Write sum(rate(…{status=~"5.."}[5m])) / sum(rate(…[5m])) > 0.05.',
    example: {
      kind: "kubernetes",
      broken: alert(`'sum by (job) (rate(http_requests_total{status=~"5.."}[5m])) > 0.05'`),
      fixed: alert(
        `'sum by (job) (rate(http_requests_total{status=~"5.."}[5m])) / sum by (job) (rate(http_requests_total[5m])) > 0.05'`,
      ),
    },
    find: ({ monitoring }) =>
      monitoring.flatMap(({ queries }) =>
        queries.flatMap(({ text: query, at }): Violation[] => {
          const wrong = conditionsOf(query).some((condition) => {
            const errors = /\bi?rate\s*\([^)]*(?:status|code)\w*\s*=~?\s*["']5[^"']*["']/.test(condition);
            const plain = withoutStrings(condition);
            return errors && /[^=!<>]>=?\s*0?\.\d+\s*\)*\s*$/.test(plain) && !plain.includes("/");
          });
          return wrong ? [{ places: [at], message: "A rate of 5xx responses is compared with a ratio." }] : [];
        }),
      ),
  },
];

import { type RealisticConfig, suiteOfConfigs } from "../../support/realistic-configs.ts";

const global = "global:\n  scrape_interval: 15s\n  scrape_timeout: 10s\nrule_files: [rules.yml]\n";
const prometheus = (
  name: string,
  jobs: string,
  expression: string,
  finds: RealisticConfig["finds"],
): RealisticConfig => ({
  name,
  texts: { prometheus: `${global}scrape_configs:\n  - job_name: api\n${jobs}` },
  more: { "rules.yml": `groups:\n  - rules:\n      - expr: ${expression}\n` },
  finds,
});

const errors = 'sum(rate(http_requests_total{status=~"5..",path="/a"}[5m])) > 0.05';
const several = `sum(rate(http_requests_total{status="500"}[5m])) > 0.05 and sum(rate(http_requests_total[5m])) > 1`;
const spread = "histogram_quantile(0.9, sum without (le, pod) (rate(seconds_bucket[5m])))";
const bracket = 'rate(up{path="[5m]"}[20s])';

suiteOfConfigs("realistic Prometheus files", [
  prometheus("a global timeout that Prometheus shortens itself", "    scrape_interval: 5s\n", "up", []),
  prometheus("a job's own timeout that is too long", "    scrape_interval: 5s\n    scrape_timeout: 8s\n", "up", [
    ["budget-scrape-timeout", "scrape_timeout: 8s"],
  ]),
  prometheus("a path in an error rate", "", errors, [["trap-errors-not-a-ratio", `- expr: ${errors}`]]),
  prometheus("an error rate combined with another condition", "", several, [
    ["trap-errors-not-a-ratio", `- expr: ${several}`],
  ]),
  prometheus("buckets without le", "", spread, [["trap-quantile-without-le", `- expr: ${spread}`]]),
  prometheus("brackets in a label", "", bracket, [["budget-rate-window", `- expr: ${bracket}`]]),
]);

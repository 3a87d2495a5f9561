import { type RealisticConfig, suiteOfConfigs } from "../../support/realistic-configs.ts";

const app = 'image: api:1.0\n    expose: ["4000"]\n    stop_grace_period: 45s';
const compose = (name: string, services: string, finds: RealisticConfig["finds"], more = {}): RealisticConfig => ({
  name,
  texts: { compose: `services:\n${services}` },
  more,
  finds,
});

suiteOfConfigs("realistic Compose files", [
  compose(
    "a service that extends another service",
    `  base:\n    ${app}\n  api:\n    extends: { service: base }\n`,
    [],
  ),
  compose(
    "a service that extends a service of another file",
    "  api:\n    extends:\n      file: common.yml\n      service: base\n",
    [["grace-shorter-than-drain", "stop_grace_period: 20s"]],
    { "common.yml": `services:\n  base:\n    ${app.replace("45s", "20s")}\n` },
  ),
  compose(
    "a proxy that is built here",
    `  api:\n    ${app}\n  nginx:\n    build: ./nginx\n    ports: ["80:80"]\n    depends_on: { api: { condition: service_healthy } }\n`,
    [],
  ),
  compose(
    "a proxy that is built here and starts first",
    `  api:\n    ${app}\n  edge:\n    build: { context: docker/haproxy }\n    ports: ["80:80"]\n    depends_on: [api]\n`,
    [["trap-compose-proxy-starts-first", "depends_on: [api]"]],
  ),
  compose(
    "a port on one address and on all addresses",
    `  api:\n    ${app}\n    ports: ["127.0.0.1:3001:4000"]\n  grafana:\n    image: grafana/grafana:12.0.0\n    ports: ["0.0.0.0:3001:3000"]\n`,
    [["trap-compose-port-collision", 'ports: ["0.0.0.0:3001:3000"]']],
  ),
  compose("a port for three replicas", `  api:\n    ${app}\n    ports: ["4000:4000"]\n    deploy: { replicas: 3 }\n`, [
    ["trap-compose-port-collision", 'ports: ["4000:4000"]'],
  ]),
  compose(
    "a health check of a path that is always healthy, which routes no requests",
    `  api:\n    ${app}\n    healthcheck:\n      test: curl -f http://localhost:4000/alive\n      timeout: 4s\n`,
    [],
  ),
  compose("an empty environment", `  api:\n    ${app}\n    env_file: .env.app\n`, [], { ".env.app": "" }),
]);

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

suiteOfConfigs("settings without other files", [
  { name: "defaults of development are not a finding", texts: { settings: "NODE_ENV=development\n" }, finds: [] },
  {
    name: "a heap that takes too much of the memory",
    texts: { settings: "NODE_OPTIONS=--max-old-space-size-percentage=90\n" },
    finds: [["budget-heap", "NODE_OPTIONS=--max-old-space-size-percentage=90"]],
  },
  {
    name: "a pool that is larger than the limit of Postgres for one instance",
    texts: { settings: "DB_POOL_MAX=200\n" },
    finds: [["connections-more-than-database", "DB_POOL_MAX=200"]],
  },
]);

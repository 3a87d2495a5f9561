import { type Manner, suiteOfManners } from "../../support/realistic-configs.ts";

const app = 'image: api:1.0\n    expose: ["4000"]\n    stop_grace_period: 45s';
const compose = (name: string, services: string, finds: Manner["finds"], more = {}): Manner => ({
  name,
  texts: { compose: `services:\n${services}` },
  more,
  finds,
});

suiteOfManners("Compose, as people write it", [
  compose("what a service takes up from another", `  base:\n    ${app}\n  api:\n    extends: { service: base }\n`, []),
  compose(
    "what it takes up from another file",
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
    "a proxy that is built here, and starts first",
    `  api:\n    ${app}\n  edge:\n    build: { context: docker/haproxy }\n    ports: ["80:80"]\n    depends_on: [api]\n`,
    [["trap-compose-proxy-starts-first", "depends_on: [api]"]],
  ),
  compose(
    "a port of one address and of all",
    `  api:\n    ${app}\n    ports: ["127.0.0.1:3001:4000"]\n  grafana:\n    image: grafana/grafana:12.0.0\n    ports: ["0.0.0.0:3001:3000"]\n`,
    [["trap-compose-port-collision", 'ports: ["0.0.0.0:3001:3000"]']],
  ),
  compose("a port for three replicas", `  api:\n    ${app}\n    ports: ["4000:4000"]\n    deploy: { replicas: 3 }\n`, [
    ["trap-compose-port-collision", 'ports: ["4000:4000"]'],
  ]),
  compose(
    "a health check of what is always well, which routes nothing",
    `  api:\n    ${app}\n    healthcheck:\n      test: curl -f http://localhost:4000/alive\n      timeout: 4s\n`,
    [],
  ),
  compose("settings that are none", `  api:\n    ${app}\n    env_file: .env.app\n`, [], { ".env.app": "" }),
]);

const global = "global:\n  scrape_interval: 15s\n  scrape_timeout: 10s\nrule_files: [rules.yml]\n";
const prometheus = (name: string, jobs: string, expression: string, finds: Manner["finds"]): Manner => ({
  name,
  texts: { prometheus: `${global}scrape_configs:\n  - job_name: api\n${jobs}` },
  more: { "rules.yml": `groups:\n  - rules:\n      - expr: ${expression}\n` },
  finds,
});

const errors = 'sum(rate(http_requests_total{status=~"5..",path="/a"}[5m])) > 0.05';
const several = `sum(rate(http_requests_total{status="500"}[5m])) > 0.05 and sum(rate(http_requests_total[5m])) > 1`;
const spread = "histogram_quantile(0.9, sum without (le, pod) (rate(seconds_bucket[5m])))";
const bracket = 'rate(up{path="[5m]"}[20s])';

suiteOfManners("Prometheus, as people write it", [
  prometheus("a time limit that Prometheus cuts itself", "    scrape_interval: 5s\n", "up", []),
  prometheus("a job's own that is too long", "    scrape_interval: 5s\n    scrape_timeout: 8s\n", "up", [
    ["budget-scrape-timeout", "scrape_timeout: 8s"],
  ]),
  prometheus("a path in a rate of errors", "", errors, [["trap-errors-not-a-ratio", `- expr: ${errors}`]]),
  prometheus("a rate of errors beside another condition", "", several, [
    ["trap-errors-not-a-ratio", `- expr: ${several}`],
  ]),
  prometheus("buckets without their bounds", "", spread, [["trap-quantile-without-le", `- expr: ${spread}`]]),
  prometheus("brackets in a label", "", bracket, [["budget-rate-window", `- expr: ${bracket}`]]),
]);

suiteOfManners("settings alone, as people write them", [
  { name: "defaults of development are nobody's mistake", texts: { settings: "NODE_ENV=development\n" }, finds: [] },
  {
    name: "a heap that takes more of the memory than it may",
    texts: { settings: "NODE_OPTIONS=--max-old-space-size-percentage=90\n" },
    finds: [["budget-heap", "NODE_OPTIONS=--max-old-space-size-percentage=90"]],
  },
  {
    name: "a pool that is larger than Postgres for one instance",
    texts: { settings: "DB_POOL_MAX=200\n" },
    finds: [["connections-more-than-database", "DB_POOL_MAX=200"]],
  },
]);

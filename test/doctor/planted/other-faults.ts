import * as valid from "../support/valid-configs.ts";
import { haproxyBases } from "./haproxy-faults.ts";
import { nginxBases } from "./nginx-faults.ts";
import type { Base, Fault } from "./planted.ts";

/** A Compose file that is read together with the configuration of its proxy. */
const withWorker = valid.composeWithAddresses.replace(
  "  postgres:\n",
  "  jobs:\n    image: api:1.4.2\n    command: node worker.js\n    restart: unless-stopped\n  postgres:\n",
);

export const otherBases: readonly Base[] = [
  { name: "Compose", kind: "compose", text: valid.compose },
  { name: "Compose with a proxy and a worker", kind: "compose", text: withWorker, alongside: { nginx: valid.nginx } },
  { name: "CloudFormation with ECS", kind: "alb", text: valid.alb },
  { name: "CloudFormation on Fargate", kind: "alb", text: valid.albFargate },
  { name: "CloudFormation with instances", kind: "alb", text: valid.albInstances },
  { name: "Render", kind: "render", text: valid.render },
  { name: "Railway", kind: "railway", text: valid.railway },
  { name: "Prometheus", kind: "prometheus", text: valid.prometheus, more: { "rules/api.yml": valid.prometheusRules } },
  {
    name: "PgBouncer",
    kind: "pgbouncer",
    text: valid.pgbouncer,
    alongside: {
      compose: valid.compose.replaceAll("DRAIN_DELAY_MS:", "DB_POOLER: transaction\n      DRAIN_DELAY_MS:"),
    },
  },
  {
    name: "settings",
    kind: "settings",
    text: valid.settings,
    alongside: { nginx: valid.nginx, haproxy: valid.haproxy },
  },
];

const gcp = (affinity: string) =>
  `apiVersion: cloud.google.com/v1\nkind: BackendConfig\nmetadata: { name: api }\nspec:\n  timeoutSec: 30\n  connectionDraining: { drainingTimeoutSec: 60 }\n  sessionAffinity: ${affinity}\n`;

/** Configurations that are compared with one of another kind. */
export const pairBases: readonly Base[] = [
  {
    name: "HAProxy behind an ALB",
    kind: "haproxy",
    text: haproxyBases[0]?.text ?? "",
    alongside: { ...haproxyBases[0]?.alongside, alb: valid.alb },
  },
  {
    name: "nginx behind an ALB",
    kind: "nginx",
    text: nginxBases[0]?.text ?? "",
    alongside: { ...nginxBases[0]?.alongside, alb: valid.alb },
  },
  {
    name: "Compose with PgBouncer",
    kind: "compose",
    text: valid.compose.replaceAll("DRAIN_DELAY_MS:", "DB_POOLER: transaction\n      DRAIN_DELAY_MS:"),
    alongside: { pgbouncer: valid.pgbouncer },
  },
  {
    name: "Google Cloud",
    kind: "kubernetes",
    text: gcp("{ affinityType: GENERATED_COOKIE, affinityCookieTtlSec: 3600 }"),
    alongside: { settings: "KEEP_ALIVE_TIMEOUT_MS=620000\nREQUEST_TIMEOUT_MS=15000\n" },
  },
];

/** Each fault: the rule, the part that is replaced, replacements that the rule should report, and valid ones. */
export const pairFaults: readonly Fault[] = [
  [
    "keep-alive-proxy-shorter-than-balancer",
    /timeout http-keep-alive 75s/,
    ["timeout http-keep-alive 15s", "timeout http-keep-alive 60s"],
    ["timeout http-keep-alive 61s", "timeout http-keep-alive 70s"],
  ],
  [
    "keep-alive-proxy-shorter-than-balancer",
    /keepalive_timeout 75s;/,
    ["keepalive_timeout 30s;", "keepalive_timeout 60s;"],
    ["keepalive_timeout 61s;", "keepalive_timeout 90s;"],
  ],
  [
    "trap-pooler-transaction-mode",
    /DB_POOLER: transaction\n\s*/,
    ["", "DB_POOLER: none\n      "],
    ["DB_POOLER: 'transaction'\n      "],
  ],
  [
    "trap-google-cookie",
    /affinityType: GENERATED_COOKIE/,
    ["affinityType: CLIENT_IP", "affinityType: NONE"],
    ['affinityType: "GENERATED_COOKIE"', "affinityType: GENERATED_COOKIE # per user"],
  ],
];

/** nginx beside Compose services without fixed addresses. */
export const hostNameBases: readonly Base[] = [
  {
    name: "nginx beside Compose",
    kind: "nginx",
    text: "server {\n  client_max_body_size 5m;\n  resolver 127.0.0.11 valid=5s;\n  proxy_set_header Host $host;\n  proxy_set_header X-Forwarded-For $remote_addr;\n  proxy_connect_timeout 2s;\n  location / { set $to http://app1:4000; proxy_pass $to; }\n}\n",
    alongside: { compose: valid.compose },
  },
];

export const hostNameFaults: readonly Fault[] = [
  [
    "trap-nginx-name-resolved-once",
    /set \$to http:\/\/app1:4000; proxy_pass \$to;/,
    ["proxy_pass http://app1:4000;", "proxy_pass http://app2:4000/;"],
    ["set $to http://app2:4000; proxy_pass $to;", "proxy_pass http://10.0.0.1:4000/;"],
  ],
];

export const otherFaults: readonly Fault[] = [
  // Compose
  [
    "grace-shorter-than-drain",
    /stop_grace_period: 45s/,
    ["stop_grace_period: 10s", "stop_grace_period: 30s", "# stop_grace_period: 45s"],
    ["stop_grace_period: 40s", "stop_grace_period: 1m", "stop_grace_period: 1m30s"],
  ],
  [
    "grace-stop-signal",
    /stop_grace_period: 45s/,
    ["stop_grace_period: 45s\n    stop_signal: SIGKILL", "stop_grace_period: 45s\n    stop_signal: SIGQUIT"],
    ["stop_grace_period: 45s\n    stop_signal: SIGTERM", "stop_grace_period: 45s\n    stop_signal: SIGINT"],
  ],
  [
    "connections-more-than-database",
    /max_connections=100/,
    ["max_connections=25", "max_connections=20"],
    ["max_connections=50", "max_connections=40"],
  ],
  ["connections-more-than-database", /DB_POOL_MAX: "10"/, ['DB_POOL_MAX: "60"'], ['DB_POOL_MAX: "20"']],
  ["budget-heap", /mem_limit: 512m/, ["mem_limit: 384m", "mem_limit: 400m"], ["mem_limit: 640m", "mem_limit: 1g"]],
  [
    "deadline-check-longer-than-probe",
    / {6}timeout: 4s/,
    ["      timeout: 1s", "      timeout: 2s"],
    ["      timeout: 3s", "      timeout: 10s"],
  ],
  [
    "deadline-check-command",
    /"-fsS"/,
    ['"-fsS", "-m", "9"', '"-fsS", "--max-time", "4"'],
    ['"-fsS", "-m", "3"', '"-fsS", "--max-time", "2"'],
  ],
  [
    "trap-compose-port-collision",
    /"3000:3000"/,
    ['"80:3000"', '"0.0.0.0:80:3000"'],
    ['"81:3000"', '"127.0.0.1:3000:3000"'],
  ],
  ["trap-compose-no-restart", / {4}restart: unless-stopped\n/, [""], ["    restart: always\n"]],
  [
    "trap-compose-image-tag",
    /postgres:17\.6/,
    ["postgres", "postgres:latest"],
    ["postgres:17", "postgres:17.6-alpine"],
  ],
  [
    "trap-compose-image-tag",
    /grafana\/grafana:12\.0\.0/,
    ["grafana/grafana", "grafana/grafana:latest"],
    ["grafana/grafana:12.1", "grafana/grafana:main-oss"],
  ],
  [
    "trap-compose-proxy-starts-first",
    / {6}app2: \{ condition: service_healthy \}\n(?=[\s\S]*ipv4_address)/,
    [""],
    ["      app2: { condition: service_started }\n"],
  ],
  [
    "trap-trust-proxy-wide",
    /DB_POOL_MAX: "10"/,
    ['DB_POOL_MAX: "10"\n      TRUST_PROXY: 127.0.0.0/8,10.0.0.0/8'],
    ['DB_POOL_MAX: "10"\n      TRUST_PROXY: 127.0.0.0/8,10.5.0.0/16'],
  ],
  // CloudFormation
  ["keep-alive-shorter-than-front", /Default: 60/, ["Default: 300", "Default: 75"], ["Default: 70", "Default: 30"]],
  [
    "deadline-request-longer-than-proxy",
    /Default: 60/,
    ["Default: 10", "Default: 15"],
    ["Default: 20", "Default: 60 # seconds"],
  ],
  [
    "drain-shorter-than-notice",
    /HealthCheckIntervalSeconds: 5(?=[\s\S]*Outputs:)/,
    ["HealthCheckIntervalSeconds: 10", "HealthCheckIntervalSeconds: 30"],
    ["HealthCheckIntervalSeconds: 5 # seconds", "HealthCheckIntervalSeconds: 5"],
  ],
  ["drain-shorter-than-notice", /DRAIN_DELAY_MS=15000(?= KEEP)/, ["DRAIN_DELAY_MS=8000"], ["DRAIN_DELAY_MS=14000"]],
  [
    "drain-check-blind",
    /HealthCheckPath: \/ready/,
    ["HealthCheckPath: /alive", "HealthCheckPath: /health/live"],
    ["HealthCheckPath: /readyz", "HealthCheckPath: /health/ready"],
  ],
  [
    "grace-shorter-than-drain",
    /StopTimeout: 60/,
    ["StopTimeout: 30", "StopTimeout: 20"],
    ["StopTimeout: 50", "StopTimeout: 110"],
  ],
  ["release-shorter-than-request", /Value: "30"/, ['Value: "10"', 'Value: "0"'], ['Value: "20"', 'Value: "300"']],
  [
    "deadline-check-longer-than-probe",
    /HealthCheckTimeoutSeconds: 4/,
    ["HealthCheckTimeoutSeconds: 2"],
    ["HealthCheckTimeoutSeconds: 3"],
  ],
  [
    "deadline-probe-longer-than-interval",
    /HealthCheckTimeoutSeconds: 4/,
    ["HealthCheckTimeoutSeconds: 5", "HealthCheckTimeoutSeconds: 9"],
    ["HealthCheckTimeoutSeconds: 3", "HealthCheckTimeoutSeconds: 4 # seconds"],
  ],
  ["budget-heap", /Memory: 512/, ["Memory: 400", "Memory: 384"], ["Memory: 600", "Memory: 1024"]],
  ["trap-alb-no-https", /Type: redirect/, ["Type: forward"], ["Type: 'redirect'"]],
  [
    "trap-alb-target-type",
    / {6}TargetType: ip\n(?=[\s\S]*awsvpc)/,
    ["", "      TargetType: instance\n"],
    ["      TargetType: 'ip'\n", "      TargetType: ip # Fargate\n"],
  ],
  [
    "trap-alb-no-listener",
    / {2}Secure:\n.*\n.*\n {2}Plain:\n {4}Type: AWS::ElasticLoadBalancingV2::Listener/,
    ["  Plain:\n    Type: AWS::ElasticLoadBalancingV2::ListenerRule"],
    [
      "  Secure:\n    Type: AWS::ElasticLoadBalancingV2::Listener\n    Properties: { Port: 443, Protocol: HTTPS }\n  Plain:\n    Type: AWS::ElasticLoadBalancingV2::Listener",
    ],
  ],
  // Platforms
  [
    "grace-shorter-than-drain",
    /maxShutdownDelaySeconds: 60/,
    ["maxShutdownDelaySeconds: 10", "# no delay"],
    ["maxShutdownDelaySeconds: 45", "maxShutdownDelaySeconds: 120"],
  ],
  [
    "connections-more-than-database",
    /numInstances: 3/,
    ["numInstances: 5", "numInstances: 10"],
    ["numInstances: 2", "numInstances: 1"],
  ],
  ["budget-heap", /plan: standard/, ["plan: starter"], ["plan: pro"]],
  ["trap-platform-no-health-path", / {4}healthCheckPath: \/ready\n/, [""], ["    healthCheckPath: /readyz\n"]],
  ["grace-shorter-than-drain", /"drainingSeconds": 60/, ['"drainingSeconds": 10'], ['"drainingSeconds": 45']],
  ["connections-more-than-database", /"numReplicas": 3/, ['"numReplicas": 9'], ['"numReplicas": 2']],
  ["trap-platform-no-health-path", /,\n\s*"healthcheckPath": "\/ready"/, [""], [',\n    "healthcheckPath": "/readyz"']],
  // Prometheus
  [
    "budget-scrape-timeout",
    /scrape_timeout: 10s/,
    ["scrape_timeout: 20s", "scrape_timeout: 1m"],
    ["scrape_timeout: 15s", "scrape_timeout: 5s"],
  ],
  [
    "budget-rate-window",
    /scrape_interval: 15s/,
    ["scrape_interval: 30s", "scrape_interval: 20s"],
    ["scrape_interval: 10s", "scrape_interval: 15000ms"],
  ],
  // PgBouncer
  [
    "connections-pooler-more-than-database",
    /default_pool_size = 10/,
    ["default_pool_size = 90", "default_pool_size = 200"],
    ["default_pool_size = 20", "default_pool_size = 60"],
  ],
  [
    "connections-pooler-more-than-database",
    /reserve_pool_size = 5/,
    ["reserve_pool_size = 50"],
    ["reserve_pool_size = 10"],
  ],
  [
    "connections-more-than-pooler",
    /max_client_conn = 500/,
    ["max_client_conn = 15", "max_client_conn = 10"],
    ["max_client_conn = 20", "max_client_conn = 1000"],
  ],
  // Settings
  [
    "keep-alive-shorter-than-front",
    /KEEP_ALIVE_TIMEOUT_MS=75000/,
    ["KEEP_ALIVE_TIMEOUT_MS=5000", "KEEP_ALIVE_TIMEOUT_MS=60000"],
    ["KEEP_ALIVE_TIMEOUT_MS=65000", "KEEP_ALIVE_TIMEOUT_MS=120000"],
  ],
  [
    "deadline-request-longer-than-proxy",
    /REQUEST_TIMEOUT_MS=15000/,
    ["REQUEST_TIMEOUT_MS=21000"],
    ["REQUEST_TIMEOUT_MS=14000"],
  ],
  ["drain-shorter-than-notice", /DRAIN_DELAY_MS=15000\n/, ["DRAIN_DELAY_MS=2000\n"], ["DRAIN_DELAY_MS=3000\n"]],
  ["grace-cuts-requests", /SHUTDOWN_TIMEOUT_MS=25000/, ["SHUTDOWN_TIMEOUT_MS=10000"], ["SHUTDOWN_TIMEOUT_MS=18000"]],
  [
    "deadline-query-longer-than-request",
    /DB_POOL_MAX=6/,
    ["DB_STATEMENT_TIMEOUT_MS=20000"],
    ["DB_STATEMENT_TIMEOUT_MS=4000"],
  ],
];

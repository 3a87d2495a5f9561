import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { diagnoseTexts, rulesIn, type Texts } from "../support/diagnose.ts";

// Patterns of public configurations that a rule must not report, each beside a similar pattern that it has to report.

type Pattern = {
  name: string;
  rule: string;
  reported: Texts;
  notReported: Texts;
  application?: "haven" | "unknown";
};

const delay = "DRAIN_DELAY_MS=5000\n";
const haproxy = (check: string, lines = "option httpchk GET /ready") => `defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
frontend web
  bind *:80
  default_backend api
backend api
  ${lines}
  server app1 10.0.0.1:4000 ${check}
  server app2 10.0.0.2:4000 ${check}
`;

const prometheus = (interval: string, timeout: string) =>
  `global: { scrape_interval: ${interval}, scrape_timeout: ${timeout} }\nscrape_configs: [{ job_name: api }]\n`;
const operator = (expression: string) =>
  `apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata: { name: api }\nspec: { groups: [{ name: api, rules: [{ alert: Slow, expr: '${expression}' }] }] }\n`;

const listener = (actions: string, scheme = "internet-facing") => `Conditions:
  HasCertificate: !Not [!Equals [!Ref Certificate, ""]]
Resources:
  Balancer:
    Type: AWS::ElasticLoadBalancingV2::LoadBalancer
    Properties: { Scheme: ${scheme} }
  Plain:
    Type: AWS::ElasticLoadBalancingV2::Listener
    Properties:
      Protocol: HTTP
      DefaultActions: ${actions}
  Targets:
    Type: AWS::ElasticLoadBalancingV2::TargetGroup
    Properties: { TargetType: ip, HealthCheckPath: /ready }
`;

const targets = (task: string) => `Resources:
  Targets:
    Type: AWS::ElasticLoadBalancingV2::TargetGroup
    Properties: { HealthCheckPath: /ready, Port: 80 }
  Task:
    Type: AWS::ECS::TaskDefinition
    Properties:
      ${task}
      ContainerDefinitions: [{ Name: api, Image: "api:1.0", PortMappings: [{ ContainerPort: 4000 }] }]
  Service:
    Type: AWS::ECS::Service
    Properties:
      TaskDefinition: !Ref Task
      LoadBalancers: [{ ContainerName: api, ContainerPort: 4000, TargetGroupArn: !Ref Targets }]
`;

const site = "upstream api { server api:4000; }\nserver { location / { proxy_pass http://api; } }\n";
const compose = (depends: string) =>
  `services:\n  proxy:\n    image: nginx:1.28\n    ${depends}\n  api:\n    image: api:1.0\n    expose: ["4000"]\n`;

const table = (bind: string) =>
  `frontend web\n  bind ${bind}\n  mode http\n  timeout client 30s\n  stick-table type ip size 100k expire 30s store http_req_rate(10s)\n`;

const pod = (container: string, image = "shop:1.0", name = "shop") => `apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name} }
spec:
  selector: { matchLabels: { app: ${name} } }
  template:
    metadata: { labels: { app: ${name} } }
    spec:
      containers:
        - name: main
          image: ${image}
          ${container}
---
apiVersion: v1
kind: Service
metadata: { name: ${name} }
spec: { selector: { app: ${name} }, ports: [{ port: 80 }] }
`;

const pool = (url: string) =>
  pod(
    `readinessProbe: { httpGet: { path: /ready, port: 80 } }\n          env: [{ name: DB_POOL_MAX, value: "60" }, { name: DATABASE_URL, value: "${url}" }]`,
  ).replace("spec:\n  selector", "spec:\n  replicas: 3\n  selector");

const passTo = (target: string) => `server { location / { proxy_pass ${target}; } }\n`;
const workers = (line: string) => `${line}\nevents {}\nhttp { upstream api { server a:1; server b:1; } }\n`;
const live = (delay: string) => pod(`livenessProbe: { httpGet: { path: /alive, port: 80 }, ${delay} }`);

const tls = (listen: string) =>
  `server {\n  ${listen}\n  location / {\n    proxy_set_header Host $host;\n    proxy_set_header X-Forwarded-For $remote_addr;\n    proxy_pass http://api:80;\n  }\n}\n`;
const publicService = pod("").replace(
  "spec: { selector: { app: shop }",
  "spec: { type: LoadBalancer, selector: { app: shop }",
);
const ingress =
  "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: { name: shop }\nspec: { ingressClassName: nginx }\n";
const albIngress =
  "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: { name: shop, annotations: { alb.ingress.kubernetes.io/target-type: ip } }\nspec: { ingressClassName: alb }\n";

const rewrite = (path: string) =>
  `apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: { name: shop, annotations: { nginx.ingress.kubernetes.io/rewrite-target: / } }\nspec: { ingressClassName: nginx, rules: [{ http: { paths: [{ path: ${path}, pathType: Prefix }] } }] }\n`;
const sockets = (condition: string) =>
  haproxy("check").replace(
    "  default_backend api\n",
    `  acl is_socket hdr(Upgrade) -i websocket\n  use_backend api ${condition}\n`,
  );

const patterns: readonly Pattern[] = [
  {
    name: "timeout check does not delay the detection of a drain",
    rule: "drain-shorter-than-notice",
    reported: { haproxy: haproxy("check inter 3s fall 3"), settings: delay },
    notReported: {
      haproxy: haproxy("check inter 1s fall 3", "option httpchk GET /ready\n  timeout check 9s"),
      settings: delay,
    },
  },
  {
    name: "a check that only opens a connection does not detect a drain, so its interval is not compared",
    rule: "drain-shorter-than-notice",
    reported: { haproxy: haproxy("check inter 30s"), settings: delay },
    notReported: { haproxy: haproxy("check inter 30s", ""), settings: delay },
  },
  {
    name: "ECS deregisters a task before it stops it",
    rule: "drain-shorter-than-notice",
    reported: { alb: targets("").replaceAll("AWS::ECS", "AWS::Other"), settings: delay },
    notReported: { alb: targets("NetworkMode: bridge"), settings: delay },
  },
  {
    name: "a scrape timeout equal to the interval",
    rule: "budget-scrape-timeout",
    reported: { prometheus: prometheus("15s", "16s") },
    notReported: { prometheus: prometheus("15s", "15s") },
  },
  {
    name: "PromQL keywords in capital letters",
    rule: "trap-quantile-without-le",
    reported: { kubernetes: operator("histogram_quantile(0.9, SUM(rate(x_bucket[5m]))) > 1") },
    notReported: { kubernetes: operator("histogram_quantile(0.9, SUM(rate(x_bucket[5m])) BY (le)) > 1") },
  },
  {
    name: "a condition selects between redirect and forward",
    rule: "trap-alb-no-https",
    reported: { alb: listener("[{ Type: forward, TargetGroupArn: !Ref Targets }]") },
    notReported: { alb: listener("[!If [HasCertificate, { Type: redirect }, { Type: forward }]]") },
  },
  {
    name: "the whole list of actions depends on a condition",
    rule: "trap-alb-no-https",
    reported: { alb: listener("[{ Type: forward, TargetGroupArn: !Ref Targets }]") },
    notReported: { alb: listener("!If [HasCertificate, [{ Type: redirect }], [{ Type: forward }]]") },
  },
  {
    name: "an internal load balancer",
    rule: "trap-alb-no-https",
    reported: { alb: listener("[{ Type: forward, TargetGroupArn: !Ref Targets }]") },
    notReported: { alb: listener("[{ Type: forward, TargetGroupArn: !Ref Targets }]", "internal") },
  },
  {
    name: "a target group for tasks on the network of their machine",
    rule: "trap-alb-target-type",
    reported: { alb: targets("NetworkMode: awsvpc") },
    notReported: { alb: targets("NetworkMode: bridge") },
  },
  {
    name: "a proxy that depends on its server without a condition",
    rule: "trap-compose-proxy-starts-first",
    reported: { nginx: site, compose: compose("") },
    notReported: { nginx: site, compose: compose("depends_on: [api]") },
  },
  {
    name: "a proxy that resolves the name of its server for each request",
    rule: "trap-compose-proxy-starts-first",
    reported: { nginx: site, compose: compose("") },
    notReported: {
      nginx: "resolver 127.0.0.11;\nserver { location / { set $to api:4000; proxy_pass http://$to; } }\n",
      compose: compose(""),
    },
  },
  {
    name: "a listener for IPv4 only",
    rule: "trap-haproxy-ipv4-table",
    reported: { haproxy: table("[::]:80 v4v6") },
    notReported: { haproxy: table("*:80") },
  },
  {
    name: "a pool of connections to another database than Postgres",
    rule: "connections-more-than-database",
    reported: { kubernetes: pool("postgres://db/shop") },
    notReported: { kubernetes: pool("mysql://db/shop") },
  },
  {
    name: "ClickHouse is not the application",
    rule: "trap-kubernetes-no-readiness-probe",
    reported: { kubernetes: pod("ports: [{ containerPort: 80 }]") },
    notReported: { kubernetes: pod("ports: [{ containerPort: 8123 }]", "clickhouse/clickhouse-server:24.8", "events") },
  },
  {
    name: "RabbitMQ is not the application",
    rule: "trap-kubernetes-no-readiness-probe",
    reported: { kubernetes: pod("ports: [{ containerPort: 80 }]") },
    notReported: { kubernetes: pod("ports: [{ containerPort: 15672 }]", "rabbitmq:3-management", "broker") },
  },
  {
    name: "an exporter of metrics is not the application",
    rule: "trap-kubernetes-no-readiness-probe",
    reported: { kubernetes: pod("ports: [{ containerPort: 80 }]") },
    notReported: { kubernetes: pod("ports: [{ containerPort: 9114 }]", "acme/search-exporter:1.1", "metrics") },
  },
  {
    name: "a replica of a database, from an image of its own, is not the application",
    rule: "trap-kubernetes-no-readiness-probe",
    reported: { kubernetes: pod("ports: [{ containerPort: 80 }]") },
    notReported: { kubernetes: pod("ports: [{ containerPort: 5432 }]", "acme/standby:16", "standby") },
  },
  {
    name: "a placeholder that is replaced before nginx reads the file",
    rule: "trap-nginx-no-resolver",
    reported: { nginx: passTo("http://$host_of_backend") },
    notReported: { nginx: passTo("http://$" + "{BACKEND_HOST}:$" + "{BACKEND_PORT}") },
  },
  {
    name: "a single worker has no other worker to share its state with",
    rule: "trap-nginx-no-zone",
    reported: { nginx: workers("worker_processes auto;") },
    notReported: { nginx: workers("worker_processes 1;") },
  },
  {
    name: "without worker_processes nginx has one worker",
    rule: "trap-nginx-no-zone",
    reported: { nginx: workers("worker_processes 4;") },
    notReported: { nginx: workers("pid /run/nginx.pid;") },
  },
  {
    name: "initialDelaySeconds leaves time for the start",
    rule: "trap-kubernetes-no-startup-probe",
    reported: { kubernetes: live("periodSeconds: 10") },
    notReported: { kubernetes: live("initialDelaySeconds: 60") },
  },
  {
    name: "HAProxy waits for the response to one check before the next one",
    rule: "deadline-probe-longer-than-interval",
    reported: { kubernetes: live("initialDelaySeconds: 60, timeoutSeconds: 20, periodSeconds: 10") },
    notReported: { haproxy: haproxy("check inter 2s", "option httpchk GET /ready\n  timeout check 10s") },
  },
  {
    name: "a pod is judged by its first container, not by the proxy in its second container",
    rule: "trap-kubernetes-no-readiness-probe",
    reported: { kubernetes: pod("ports: [{ containerPort: 80 }]") },
    notReported: {
      kubernetes: pod(
        "ports: [{ containerPort: 8080 }]\n        - { name: proxy, image: 'acme/rbac-proxy:1.0', ports: [{ containerPort: 8443 }] }",
        "acme/kube-state-metrics:2.1",
        "state",
      ),
    },
  },
  {
    name: "a patch of a workload has neither labels nor a selector",
    rule: "trap-kubernetes-selector",
    reported: { kubernetes: pod("").replace("  selector: { matchLabels: { app: shop } }\n", "") },
    notReported: {
      kubernetes:
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: shop }\nspec: { template: { spec: { containers: [{ name: main, image: 'shop:2.0' }] } } }\n",
    },
  },
  {
    name: "a probe location that leads to the same path rewrites nothing",
    rule: "trap-nginx-health-prefix",
    reported: { nginx: "server { location /health { proxy_pass http://api:80/ready; } }\n" },
    notReported: { nginx: "server { location /health { proxy_pass http://api:80/health; } }\n" },
  },
  {
    name: "a server without TLS need not set X-Forwarded-Proto",
    rule: "trap-nginx-headers-lost",
    reported: { nginx: tls("listen 443 ssl;") },
    notReported: { nginx: tls("listen 80;") },
  },
  {
    name: "the check of a single server cannot direct requests to another server",
    rule: "drain-check-blind",
    reported: { haproxy: haproxy("check", "") },
    notReported: { haproxy: haproxy("check", "").replace(/ {2}server app2.*\n/, "") },
    application: "unknown",
  },
  {
    name: "a Service of type LoadBalancer is the only entry point",
    rule: "trap-kubernetes-public-service",
    reported: { kubernetes: `${publicService}---\n${ingress}` },
    notReported: { kubernetes: publicService },
  },
  {
    name: "the namespace of the pods is not among the files",
    rule: "trap-alb-readiness-gate",
    reported: { kubernetes: `${albIngress}---\napiVersion: v1\nkind: Namespace\nmetadata: { name: shop }\n` },
    notReported: { kubernetes: albIngress },
  },
  {
    name: "a service that only prepares data is expected to exit",
    rule: "trap-compose-no-restart",
    reported: { compose: 'services:\n  shop:\n    image: shop:1.0\n    ports: ["80:80"]\n' },
    notReported: { compose: 'services:\n  shop-init:\n    image: shop:1.0\n    ports: ["80:80"]\n' },
  },
  {
    name: "a service whose source code is mounted runs on a developer's machine",
    rule: "trap-compose-no-restart",
    reported: { compose: 'services:\n  shop:\n    build: .\n    ports: ["80:80"]\n' },
    notReported: { compose: 'services:\n  shop:\n    build: .\n    ports: ["80:80"]\n    volumes: [".:/app"]\n' },
  },
  {
    name: "a rewrite to the path itself",
    rule: "trap-ingress-rewrite",
    reported: { kubernetes: rewrite("/api") },
    notReported: { kubernetes: rewrite("/") },
  },
  {
    name: "a backend for everything but WebSockets",
    rule: "deadline-no-tunnel-timeout",
    reported: { haproxy: sockets("if is_socket") },
    notReported: { haproxy: sockets("if !is_socket") },
  },
  {
    name: "a consumer of a queue with a port for its metrics",
    rule: "trap-kubernetes-no-readiness-probe",
    reported: { kubernetes: pod("ports: [{ containerPort: 80 }]") },
    notReported: {
      kubernetes: `${pod("readinessProbe: { httpGet: { path: /ready, port: 80 } }")}---\n${pod("ports: [{ containerPort: 80 }]", "shop:1.0", "order-consumer")}`,
    },
  },
  {
    name: "Docker Swarm restarts its tasks itself",
    rule: "trap-compose-no-restart",
    reported: { compose: 'services:\n  shop:\n    image: shop:1.0\n    ports: ["80:80"]\n' },
    notReported: {
      compose:
        'services:\n  shop:\n    image: shop:1.0\n    ports: ["80:80"]\n    deploy: { update_config: { order: start-first } }\n',
    },
  },
  {
    name: "a placeholder for the image",
    rule: "trap-kubernetes-image-tag",
    reported: { kubernetes: pod("", "shop") },
    notReported: { kubernetes: pod("", "IMAGE_NAME") },
  },
  {
    name: "an overlay adds to a service of another file",
    rule: "trap-compose-no-restart",
    reported: { compose: 'services:\n  shop:\n    image: shop:1.0\n    ports: ["80:80"]\n' },
    notReported: { compose: 'services:\n  shop:\n    ports: ["8080:80"]\n' },
  },
  {
    name: "a static site of Render has no instance",
    rule: "trap-platform-no-health-path",
    reported: { render: "services: [{ type: web, name: shop, env: node }]\n" },
    notReported: { render: "services: [{ type: web, name: shop, env: static }]\n" },
  },
  {
    name: "closing the sessions of a database that is down",
    rule: "drain-cut-sessions",
    reported: { haproxy: haproxy("check on-marked-down shutdown-sessions") },
    notReported: {
      haproxy: haproxy("check on-marked-down shutdown-sessions", "mode tcp\n  option pgsql-check user check"),
    },
  },
  {
    name: "SIGQUIT is the graceful stop of other servers",
    rule: "grace-stop-signal",
    reported: { compose: 'services:\n  api:\n    image: api:1.0\n    expose: ["80"]\n    stop_signal: SIGKILL\n' },
    notReported: { compose: 'services:\n  api:\n    image: api:1.0\n    expose: ["80"]\n    stop_signal: SIGQUIT\n' },
    application: "unknown",
  },
];

suite("a rule reports a pattern, and does not report a similar pattern that is correct", () => {
  for (const { name, rule, reported, notReported, application = "haven" } of patterns)
    test(`${rule}: ${name}`, () => {
      const [found, notFound] = [reported, notReported].map((texts) => diagnoseTexts(texts, {}, application));
      assert.deepEqual([...(found?.unreadable ?? []), ...(notFound?.unreadable ?? [])], []);
      assert.ok(found !== undefined && rulesIn(found).includes(rule), "the pattern to report");
      assert.ok(notFound !== undefined && !rulesIn(notFound).includes(rule), "the similar pattern");
    });
});

import { type RealisticConfig, suiteOfConfigs } from "../../support/realistic-configs.ts";

type Parts = {
  meta?: string;
  env?: string;
  from?: string;
  probes?: string;
  replicas?: number;
  behind?: string;
  more?: string;
};

const ready = "readinessProbe: { httpGet: { path: /ready, port: 4000 }, timeoutSeconds: 3 }";

const pods = ({
  meta = "",
  env = "",
  from = "",
  probes = ready,
  replicas = 1,
  behind = "",
  more = "",
}: Parts) => `apiVersion: apps/v1
kind: Deployment
metadata: { name: api${meta} }
spec:
  replicas: ${replicas}
  selector: { matchLabels: { app: api } }
  template:
    metadata: { labels: { app: api } }
    spec:
      terminationGracePeriodSeconds: 90
      containers:
        - name: api
          image: api:1.0
          ports: [{ containerPort: 4000 }]
          ${from}
          env:
            - { name: KEEP_ALIVE_TIMEOUT_MS, value: "620000" }
            ${env}
          ${probes}
          ${more}
${behind}`;

const delay = (value: string) => `- { name: DRAIN_DELAY_MS, value: "${value}" }`;

const config = (name: string, parts: Parts, finds: RealisticConfig["finds"]): RealisticConfig => ({
  name,
  texts: { kubernetes: pods({ env: delay("15000"), ...parts }) },
  finds,
});

const object = (kind: string, metadata: string, rest: string) =>
  `---\napiVersion: v1\nkind: ${kind}\nmetadata: { ${metadata} }\n${rest}\n`;

const budget = (line: string, selector: string) =>
  object("PodDisruptionBudget", "name: api", `spec:\n  ${line}\n  selector: ${selector}`);

const sleeping = (time: string) => `lifecycle: { preStop: { exec: { command: [sh, -c, "sleep ${time}"] } } }`;

const oneUnavailable = "maxUnavailable: 1";
const replicasWithPool = (count: number, size: number): Parts => ({
  replicas: count,
  env: `${delay("15000")}\n            - { name: DB_POOL_MAX, value: "${size}" }`,
  behind: budget(oneUnavailable, "{ matchLabels: { app: api } }"),
});
const secondWorkload = (image: string) =>
  `---\n${pods({ ...replicasWithPool(5, 8), behind: "" })
    .replaceAll("api", "web")
    .replace("web:1.0", image)}`;

const settingsMap = (namespace: string, value: string) =>
  object("ConfigMap", `name: settings, namespace: ${namespace}`, `data:\n  DRAIN_DELAY_MS: "${value}"`);

const fromMap = "envFrom: [{ configMapRef: { name: settings } }]";

const ingress = (annotation: string) => `---
kind: Ingress
metadata:
  name: web
  annotations:
    nginx.ingress.kubernetes.io/proxy-body-size: 5m
    nginx.ingress.kubernetes.io/${annotation}
spec: { ingressClassName: nginx }
`;

suiteOfConfigs("realistic Kubernetes manifests", [
  config("a valid manifest", {}, []),
  config(
    "a disruption budget that selects by expressions",
    {
      replicas: 3,
      behind: budget("maxUnavailable: 1", "{ matchExpressions: [{ key: app, operator: In, values: [api, web] }] }"),
    },
    [],
  ),
  config(
    "a disruption budget whose expressions select other pods",
    {
      replicas: 3,
      behind: budget("maxUnavailable: 1", "{ matchExpressions: [{ key: app, operator: NotIn, values: [api] }] }"),
    },
    [["trap-kubernetes-no-disruption-budget", "metadata: { name: api }"]],
  ),
  config(
    "a disruption budget for all pods that allows no eviction",
    { replicas: 3, behind: budget("maxUnavailable: 0", "{}") },
    [["budget-lets-none-go", "maxUnavailable: 0"]],
  ),
  config(
    "both probes request a path that is always healthy",
    {
      probes:
        "startupProbe: { httpGet: { path: /startup, port: 4000 }, timeoutSeconds: 3 }\n          readinessProbe: { httpGet: { path: /alive, port: 4000 }, timeoutSeconds: 3 }\n          livenessProbe: { httpGet: { path: /alive, port: 4000 } }",
    },
    [["drain-check-blind", "readinessProbe: { httpGet: { path: /alive, port: 4000 }, timeoutSeconds: 3 }"]],
  ),
  config(
    "settings in a Secret, as text",
    {
      env: "",
      from: "envFrom: [{ secretRef: { name: settings } }]",
      behind: object("Secret", "name: settings", 'stringData:\n  DRAIN_DELAY_MS: "3000"'),
    },
    [["drain-shorter-than-endpoints", 'DRAIN_DELAY_MS: "3000"']],
  ),
  config(
    "a setting in a Secret, in base64",
    {
      env: "- { name: DRAIN_DELAY_MS, valueFrom: { secretKeyRef: { name: settings, key: delay } } }",
      behind: object("Secret", "name: settings", "data:\n  delay: MzAwMA=="),
    },
    [["drain-shorter-than-endpoints", "delay: MzAwMA=="]],
  ),
  config(
    "settings of the same name in two namespaces",
    {
      meta: ", namespace: live",
      env: "",
      from: fromMap,
      behind: settingsMap("trial", "1000") + settingsMap("live", "15000"),
    },
    [],
  ),
  config(
    "settings of the workload's own namespace",
    {
      meta: ", namespace: trial",
      env: "",
      from: fromMap,
      behind: settingsMap("live", "15000") + settingsMap("trial", "1000"),
    },
    [["drain-shorter-than-endpoints", 'DRAIN_DELAY_MS: "1000"']],
  ),
  config("ingress-nginx without time for a second attempt", { behind: ingress('proxy-next-upstream-timeout: "12"') }, [
    ["deadline-tries-longer-than-total", "name: web"],
  ]),
  config("ingress-nginx with time for a second attempt", { behind: ingress('proxy-next-upstream-timeout: "15"') }, []),
  config(
    "Google's health check requests a path that is always healthy",
    {
      behind: object(
        "BackendConfig",
        "name: api",
        "spec:\n  connectionDraining: { drainingTimeoutSec: 60 }\n  healthCheck:\n    requestPath: /alive",
      ),
    },
    [["drain-check-blind", "requestPath: /alive"]],
  ),
  config(
    "Google's policy for a Gateway",
    {
      behind: object(
        "GCPBackendPolicy",
        "name: api",
        "spec:\n  default:\n    timeoutSec: 10\n    connectionDraining:\n      drainingTimeoutSec: 5\n    sessionAffinity:\n      type: CLIENT_IP\n      cookieTtlSec: 50",
      ),
    },
    [
      ["deadline-request-longer-than-proxy", "timeoutSec: 10"],
      ["release-shorter-than-request", "drainingTimeoutSec: 5"],
      ["trap-google-cookie", "cookieTtlSec: 50"],
    ],
  ),
  config(
    "a Postgres whose limit is in a ConfigMap",
    {
      env: `${delay("15000")}\n            - { name: DB_POOL_MAX, value: "90" }`,
      behind:
        object(
          "ConfigMap",
          "name: postgres",
          "data:\n  postgresql.conf: |\n    shared_buffers = 1GB\n    max_connections = 300",
        ) +
        object(
          "StatefulSet",
          "name: postgres",
          "spec:\n  selector: { matchLabels: { app: db } }\n  template:\n    metadata: { labels: { app: db } }\n    spec: { containers: [{ name: db, image: postgres:17.2 }] }",
        ).replace("v1", "apps/v1"),
    },
    [],
  ),
  config(
    "the configuration file of a Postgres that runs elsewhere",
    {
      env: `${delay("15000")}\n            - { name: DB_POOL_MAX, value: "9" }`,
      behind: object(
        "ConfigMap",
        "name: db",
        "data:\n  postgresql.conf: |\n    # max_connections = 300\n    max_connections = 12",
      ),
    },
    [["connections-more-than-database", '- { name: DB_POOL_MAX, value: "9" }']],
  ),
  config("a drain of 10 s is long enough for endpoint changes", { env: delay("10000") }, []),
  config("a drain of 9 s is a warning", { env: delay("9000") }, [
    ["drain-shorter-than-endpoints", '- { name: DRAIN_DELAY_MS, value: "9000" }', "warning"],
  ]),
  config("a preStop hook that sleeps for a minute", { more: sleeping("1m") }, [
    ["grace-shorter-than-drain", "terminationGracePeriodSeconds: 90"],
  ]),
  config("a preStop hook of unknown duration", { env: delay("0"), more: sleeping("15s") }, []),
  config(
    "a readiness probe of a path that is always healthy is an error",
    { probes: ready.replace("/ready", "/alive") },
    [["drain-check-blind", ready.replace("/ready", "/alive"), "error"]],
  ),
  config("pools that fit and leave room for people", replicasWithPool(8, 7), []),
  config("pools that fit, without room for the health check connections", replicasWithPool(8, 9), [
    ["connections-more-than-database", '- { name: DB_POOL_MAX, value: "9" }', "warning"],
  ]),
  config(
    "two workloads with the same image share a database",
    { ...replicasWithPool(5, 8), behind: budget(oneUnavailable, "{}") + secondWorkload("api:1.0") },
    [["connections-more-than-database", '- { name: DB_POOL_MAX, value: "8" }']],
  ),
  config(
    "two workloads with different images may not share a database",
    { ...replicasWithPool(5, 8), behind: budget(oneUnavailable, "{}") + secondWorkload("other:1.0") },
    [],
  ),
  {
    name: "a disruption budget without a workload that allows no eviction",
    texts: { kubernetes: budget("maxUnavailable: 0", "{ matchLabels: { app: api } }") },
    finds: [["budget-lets-none-go", "maxUnavailable: 0", "error"]],
  },
  {
    name: "a disruption budget that keeps all pods",
    texts: { kubernetes: budget("minAvailable: 100%", "{ matchLabels: { app: api } }") },
    finds: [["budget-lets-none-go", "minAvailable: 100%", "error"]],
  },
  {
    name: "a disruption budget that may fit some workload",
    texts: { kubernetes: budget("minAvailable: 1", "{ matchLabels: { app: api } }") },
    finds: [],
  },
  {
    name: "a heap that only the settings define",
    texts: {
      kubernetes: pods({ env: delay("15000"), more: "resources: { limits: { memory: 512Mi } }" }),
      settings: "NODE_OPTIONS=--max-old-space-size=500\n",
    },
    finds: [["budget-heap", "NODE_OPTIONS=--max-old-space-size=500"]],
  },
]);

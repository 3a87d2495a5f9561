import { type Manner, suiteOfManners } from "../../support/realistic-configs.ts";

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

const manner = (name: string, parts: Parts, finds: Manner["finds"]): Manner => ({
  name,
  texts: { kubernetes: pods({ env: delay("15000"), ...parts }) },
  finds,
});

const object = (kind: string, metadata: string, rest: string) =>
  `---\napiVersion: v1\nkind: ${kind}\nmetadata: { ${metadata} }\n${rest}\n`;

const budget = (line: string, selector: string) =>
  object("PodDisruptionBudget", "name: api", `spec:\n  ${line}\n  selector: ${selector}`);

const sleeping = (time: string) => `lifecycle: { preStop: { exec: { command: [sh, -c, "sleep ${time}"] } } }`;

const one = "maxUnavailable: 1";
const many = (count: number, size: number): Parts => ({
  replicas: count,
  env: `${delay("15000")}\n            - { name: DB_POOL_MAX, value: "${size}" }`,
  behind: budget(one, "{ matchLabels: { app: api } }"),
});
const second = (image: string) =>
  `---\n${pods({ ...many(5, 8), behind: "" })
    .replaceAll("api", "web")
    .replace("web:1.0", image)}`;

const map = (namespace: string, value: string) =>
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

suiteOfManners("Kubernetes, as people write it", [
  manner("nothing wrong", {}, []),
  manner(
    "a budget that selects by expressions",
    {
      replicas: 3,
      behind: budget("maxUnavailable: 1", "{ matchExpressions: [{ key: app, operator: In, values: [api, web] }] }"),
    },
    [],
  ),
  manner(
    "one that selects others by them",
    {
      replicas: 3,
      behind: budget("maxUnavailable: 1", "{ matchExpressions: [{ key: app, operator: NotIn, values: [api] }] }"),
    },
    [["trap-kubernetes-no-disruption-budget", "metadata: { name: api }"]],
  ),
  manner("a budget for all pods, which lets none go", { replicas: 3, behind: budget("maxUnavailable: 0", "{}") }, [
    ["budget-lets-none-go", "maxUnavailable: 0"],
  ]),
  manner(
    "both probes ask what is always well",
    {
      probes:
        "startupProbe: { httpGet: { path: /startup, port: 4000 }, timeoutSeconds: 3 }\n          readinessProbe: { httpGet: { path: /alive, port: 4000 }, timeoutSeconds: 3 }\n          livenessProbe: { httpGet: { path: /alive, port: 4000 } }",
    },
    [["drain-check-blind", "readinessProbe: { httpGet: { path: /alive, port: 4000 }, timeoutSeconds: 3 }"]],
  ),
  manner(
    "settings in a Secret, as text",
    {
      env: "",
      from: "envFrom: [{ secretRef: { name: settings } }]",
      behind: object("Secret", "name: settings", 'stringData:\n  DRAIN_DELAY_MS: "3000"'),
    },
    [["drain-shorter-than-endpoints", 'DRAIN_DELAY_MS: "3000"']],
  ),
  manner(
    "a setting in a Secret, in base64",
    {
      env: "- { name: DRAIN_DELAY_MS, valueFrom: { secretKeyRef: { name: settings, key: delay } } }",
      behind: object("Secret", "name: settings", "data:\n  delay: MzAwMA=="),
    },
    [["drain-shorter-than-endpoints", "delay: MzAwMA=="]],
  ),
  manner(
    "settings of the same name in two namespaces",
    { meta: ", namespace: live", env: "", from: fromMap, behind: map("trial", "1000") + map("live", "15000") },
    [],
  ),
  manner(
    "the right ones of them",
    { meta: ", namespace: trial", env: "", from: fromMap, behind: map("live", "15000") + map("trial", "1000") },
    [["drain-shorter-than-endpoints", 'DRAIN_DELAY_MS: "1000"']],
  ),
  manner("ingress-nginx without time for a second try", { behind: ingress('proxy-next-upstream-timeout: "12"') }, [
    ["deadline-tries-longer-than-total", "name: web"],
  ]),
  manner("ingress-nginx with time for it", { behind: ingress('proxy-next-upstream-timeout: "15"') }, []),
  manner(
    "Google's health check asks what is always well",
    {
      behind: object(
        "BackendConfig",
        "name: api",
        "spec:\n  connectionDraining: { drainingTimeoutSec: 60 }\n  healthCheck:\n    requestPath: /alive",
      ),
    },
    [["drain-check-blind", "requestPath: /alive"]],
  ),
  manner(
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
  manner(
    "Postgres that is told its limit in a file",
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
  manner(
    "a Postgres that is started elsewhere, whose file is here",
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
  manner("a drain of ten seconds is long enough for endpoints", { env: delay("10000") }, []),
  manner("one of nine is not always", { env: delay("9000") }, [
    ["drain-shorter-than-endpoints", '- { name: DRAIN_DELAY_MS, value: "9000" }', "warning"],
  ]),
  manner("a hook that sleeps for a minute", { more: sleeping("1m") }, [
    ["grace-shorter-than-drain", "terminationGracePeriodSeconds: 90"],
  ]),
  manner("a hook that sleeps for as long as it takes", { env: delay("0"), more: sleeping("15s") }, []),
  manner("a readiness probe that asks what is always well is an error", { probes: ready.replace("/ready", "/alive") }, [
    ["drain-check-blind", ready.replace("/ready", "/alive"), "error"],
  ]),
  manner("pools that fit, with what people need", many(8, 7), []),
  manner("pools that fit, and the connections of the health checks do not", many(8, 9), [
    ["connections-more-than-database", '- { name: DB_POOL_MAX, value: "9" }', "warning"],
  ]),
  manner(
    "two workloads of one program share its database",
    { ...many(5, 8), behind: budget(one, "{}") + second("api:1.0") },
    [["connections-more-than-database", '- { name: DB_POOL_MAX, value: "8" }']],
  ),
  manner("two of different programs need not", { ...many(5, 8), behind: budget(one, "{}") + second("other:1.0") }, []),
  {
    name: "a budget that lets none go, whoever it is for",
    texts: { kubernetes: budget("maxUnavailable: 0", "{ matchLabels: { app: api } }") },
    finds: [["budget-lets-none-go", "maxUnavailable: 0", "error"]],
  },
  {
    name: "one that keeps all of them",
    texts: { kubernetes: budget("minAvailable: 100%", "{ matchLabels: { app: api } }") },
    finds: [["budget-lets-none-go", "minAvailable: 100%", "error"]],
  },
  {
    name: "one that may suit whoever it is for",
    texts: { kubernetes: budget("minAvailable: 1", "{ matchLabels: { app: api } }") },
    finds: [],
  },
  {
    name: "a heap that only the settings tell",
    texts: {
      kubernetes: pods({ env: delay("15000"), more: "resources: { limits: { memory: 512Mi } }" }),
      settings: "NODE_OPTIONS=--max-old-space-size=500\n",
    },
    finds: [["budget-heap", "NODE_OPTIONS=--max-old-space-size=500"]],
  },
]);

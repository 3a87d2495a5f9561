import { type RealisticConfig, suiteOfConfigs } from "../support/realistic-configs.ts";

const compose = (
  name: string,
  services: string,
  finds: RealisticConfig["finds"],
  notUnderstood?: RegExp,
): RealisticConfig => ({
  name,
  texts: { compose: `services:\n${services}` },
  finds,
  ...(notUnderstood === undefined ? {} : { notUnderstood }),
});

const shortGrace = "stop_grace_period: 10s";
const composeGraceTooShort = ["grace-shorter-than-drain", shortGrace] as const;

suiteOfConfigs("Compose services that run the application", [
  compose("a single service without a port", `  api:\n    image: haven-api:1.0\n    ${shortGrace}\n`, [
    composeGraceTooShort,
  ]),
  compose("a single service without any evidence", "  api:\n    image: haven-api:1.0\n", [
    ["grace-shorter-than-drain", "api:"],
  ]),
  compose(
    "a service between a proxy and a database, and a database that is too small for it",
    `  nginx:
    image: nginx:1.29
    ports: ["80:80"]
    depends_on: { app1: { condition: service_healthy } }
  app1:
    build: .
    environment: { NODE_ENV: production, PORT: 3000, DATABASE_URL: "postgres://db/haven", DB_POOL_MAX: 30 }
    ${shortGrace}
    depends_on: [db]
  db:
    image: postgres:16.4
    command: [postgres, -c, max_connections=25]
`,
    [
      composeGraceTooShort,
      [
        "connections-more-than-database",
        'environment: { NODE_ENV: production, PORT: 3000, DATABASE_URL: "postgres://db/haven", DB_POOL_MAX: 30 }',
      ],
    ],
  ),
  compose(
    "a worker with the same program is left out, and the report says so",
    `  web:\n    image: api:1.0\n    expose: ["4000"]\n    stop_grace_period: 45s\n  worker:\n    image: api:1.0\n    command: node worker.js\n    environment: { DATABASE_URL: "postgres://db/haven" }\n    ${shortGrace}\n`,
    [],
    /^service worker: does not look like the application/,
  ),
  compose(
    "a second instance without a port, next to one with a port",
    `  app1:\n    image: api:1.0\n    expose: ["4000"]\n    stop_grace_period: 45s\n  app2:\n    image: api:1.0\n    ${shortGrace}\n`,
    [composeGraceTooShort],
  ),
  compose(
    "two services without any evidence are both left out",
    "  one:\n    image: a:1.0\n  two:\n    image: b:1.0\n",
    [],
    /one.*\n.*two/,
  ),
  compose(
    "services that run once and well-known images are left out silently",
    `  api:\n    image: api:1.0\n    stop_grace_period: 45s\n  setup:\n    image: api:1.0\n    restart: "no"\n  cache:\n    image: redis:8.2\n`,
    [],
  ),
]);

const workload = (name: string, pod: string, container = "", spec = "", kind = "Deployment") => `---
apiVersion: apps/v1
kind: ${kind}
metadata: { name: ${name} }
spec:
  selector: { matchLabels: { app: ${name} } }
  ${spec}
  template:
    metadata: { labels: { app: ${name} } }
    spec:
      ${pod}
      containers:
        - name: main
          image: api:1.0
          ${container}
`;
const longGrace = "terminationGracePeriodSeconds: 60";
const shortPodGrace = "terminationGracePeriodSeconds: 20";
const ready = "readinessProbe: { httpGet: { path: /ready, port: 4000 }, timeoutSeconds: 3 }";
const delay = "env: [{ name: DRAIN_DELAY_MS, value: '15000' }]";
const podGraceTooShort = ["grace-shorter-than-drain", shortPodGrace] as const;
const noReadinessProbe = ["trap-kubernetes-no-readiness-probe", "metadata: { name: api }"] as const;
const drainTooShort = ["drain-shorter-than-endpoints", "- name: main"] as const;
const service = `---
apiVersion: v1
kind: Service
metadata: { name: api }
spec: { selector: { app: api }, ports: [{ port: 80, targetPort: 4000 }] }
`;
const budget = `---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: { name: api }
spec:
  minAvailable: 2
  selector: { matchLabels: { app: api } }
`;

const cluster = (
  name: string,
  kubernetes: string,
  finds: RealisticConfig["finds"],
  notUnderstood?: RegExp,
): RealisticConfig => ({
  name,
  texts: { kubernetes },
  finds,
  ...(notUnderstood === undefined ? {} : { notUnderstood }),
});

suiteOfConfigs("Kubernetes workloads that run the application", [
  cluster("a Deployment without ports", workload("api", shortPodGrace), [podGraceTooShort, drainTooShort]),
  cluster(
    "a Deployment that a Service selects, with settings from a Secret",
    workload("api", shortPodGrace, "envFrom: [{ secretRef: { name: api } }]") + service,
    [podGraceTooShort, noReadinessProbe, drainTooShort],
  ),
  cluster(
    "a readiness probe that only opens a connection",
    workload("api", longGrace, `readinessProbe: { tcpSocket: { port: 4000 } }\n          ${delay}`),
    [["drain-check-blind", "readinessProbe: { tcpSocket: { port: 4000 } }"]],
  ),
  cluster("a disruption budget that allows no eviction", workload("api", longGrace, delay, "replicas: 2") + budget, [
    noReadinessProbe,
    ["budget-lets-none-go", "minAvailable: 2"],
  ]),
  cluster(
    "a heap that is too large",
    workload(
      "api",
      longGrace,
      `command: [node, --max-old-space-size=400, server.js]\n          resources: { limits: { memory: 512Mi } }\n          ${delay}`,
    ),
    [noReadinessProbe, ["budget-heap", "command: [node, --max-old-space-size=400, server.js]"]],
  ),
  cluster(
    "a worker next to the application is left out, and the report says so",
    workload("api", longGrace, `${ready}\n          ${delay}`) + workload("api-worker", shortPodGrace),
    [],
    /^Deployment api-worker: does not look like the application/,
  ),
  cluster(
    "a DaemonSet is left out",
    workload("api", longGrace, `${ready}\n          ${delay}`) + workload("agent", shortPodGrace, "", "", "DaemonSet"),
    [],
    /^DaemonSet agent: does not look like/,
  ),
  cluster(
    "a Pod without a controller",
    `apiVersion: v1\nkind: Pod\nmetadata: { name: api }\nspec:\n  ${shortPodGrace}\n  containers:\n    - name: main\n      image: api:1.0\n      ${ready}\n      ${delay}\n`,
    [podGraceTooShort],
  ),
]);

const task = (container: string) => `Resources:
  Task:
    Type: AWS::ECS::TaskDefinition
    Properties:
      ContainerDefinitions:
        - Name: api
          Image: api:1.0
          ${container}
`;

suiteOfConfigs("ECS containers that run the application", [
  {
    name: "a container without port mappings",
    texts: { alb: task("StopTimeout: 10") },
    finds: [["grace-shorter-than-drain", "StopTimeout: 10"]],
  },
  {
    name: "a worker next to the application is left out, and the report says so",
    texts: {
      alb: `${task("StopTimeout: 60\n          PortMappings: [{ ContainerPort: 4000 }]")}        - Name: worker\n          Image: api:1.0\n          StopTimeout: 10\n`,
    },
    finds: [],
    notUnderstood: /^container worker: does not look like/,
  },
]);

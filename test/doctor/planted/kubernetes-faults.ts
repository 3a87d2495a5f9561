import * as valid from "../support/valid-configs.ts";
import type { Base, Fault } from "./planted.ts";

const withConfigMapLabels = valid.kubernetes.replace(
  "  name: api-config\ndata:",
  "  name: api-config\n  labels: { app: api }\ndata:",
);

/** Two workloads of one application, one of them without an autoscaler. */
const twoWorkloads = `${valid.kubernetes}---
apiVersion: apps/v1
kind: Deployment
metadata: { name: admin }
spec:
  replicas: 2
  selector: { matchLabels: { app: admin } }
  strategy: { rollingUpdate: { maxSurge: 1 } }
  template:
    metadata: { labels: { app: admin } }
    spec:
      terminationGracePeriodSeconds: 90
      containers:
        - name: admin
          image: registry.example/team/admin:2.0
          ports: [{ containerPort: 4000 }]
          env:
            - { name: DRAIN_DELAY_MS, value: "20000" }
            - { name: DB_POOL_MAX, value: "2" }
          resources: { requests: { cpu: 100m }, limits: { memory: 256Mi } }
          readinessProbe: { httpGet: { path: /ready, port: 4000 }, timeoutSeconds: 4 }
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: { name: admin }
spec: { maxUnavailable: 1, selector: { matchLabels: { app: admin } } }
---
apiVersion: v1
kind: Service
metadata: { name: admin }
spec: { selector: { app: admin }, ports: [{ port: 80, targetPort: 4000 }] }
`;

/** The objects in a namespace, with a cache in the same namespace. */
const inNamespace = `${valid.kubernetes.replaceAll("metadata:\n  name:", "metadata:\n  namespace: shop\n  name:")}---
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: cache, namespace: shop }
spec:
  serviceName: cache
  selector: { matchLabels: { app: cache } }
  template:
    metadata: { labels: { app: cache } }
    spec:
      containers: [{ name: redis, image: "redis:8.2", ports: [{ containerPort: 6379 }] }]
`;

export const kubernetesBases: readonly Base[] = [
  { name: "Kubernetes", kind: "kubernetes", text: withConfigMapLabels },
  { name: "Kubernetes with two workloads", kind: "kubernetes", text: twoWorkloads },
  { name: "Kubernetes in a namespace with a cache", kind: "kubernetes", text: inNamespace },
  { name: "Kubernetes behind an ALB", kind: "kubernetes", text: valid.albIngress },
];

const startup =
  /startupProbe:\n\s*httpGet: \{ path: \/startup, port: http \}\n\s*periodSeconds: 5\n\s*timeoutSeconds: 3\n\s*failureThreshold: 60\n\s*/;
const gracePeriod = /terminationGracePeriodSeconds: 60/;
const maxReplicas = /maxReplicas: 10/;

/** Returns the text with one replica and without a disruption budget, which requires several replicas. */
const withSingleReplica = (text: string): string =>
  text
    .replace("replicas: 2", "replicas: 1")
    .replace(
      "selector: { matchLabels: { app: admin } } }\n---\napiVersion: v1",
      "selector: { matchLabels: { app: none } } }\n---\napiVersion: v1",
    );

export const kubernetesFaults: readonly Fault[] = [
  [
    "budget-single-replica",
    /replicas: 2[\s\S]*$/,
    [withSingleReplica],
    [(text) => text.replace("replicas: 2", "replicas: 3")],
  ],
  [
    "trap-kubernetes-newer-feature",
    /startupProbe:/,
    ["lifecycle: { preStop: { sleep: { seconds: 5 } } } # Kubernetes 1.28\n          startupProbe:"],
    ["lifecycle: { preStop: { sleep: { seconds: 5 } } } # Kubernetes 1.31\n          startupProbe:"],
  ],
  [
    "keep-alive-shorter-than-front",
    /KEEP_ALIVE_TIMEOUT_MS: "75000"/,
    ['KEEP_ALIVE_TIMEOUT_MS: "60000"', 'KEEP_ALIVE_TIMEOUT_MS: "5000"'],
    ['KEEP_ALIVE_TIMEOUT_MS: "61000"', 'KEEP_ALIVE_TIMEOUT_MS: "90000"'],
  ],
  [
    "keep-alive-shorter-than-front",
    /idle_timeout\.timeout_seconds=60/,
    ["idle_timeout.timeout_seconds=120"],
    ["idle_timeout.timeout_seconds=70"],
  ],
  [
    "drain-shorter-than-endpoints",
    /DRAIN_DELAY_MS: "15000"/,
    ['DRAIN_DELAY_MS: "0"', 'DRAIN_DELAY_MS: "4000"', 'DRAIN_DELAY_MS: "9000"'],
    ['DRAIN_DELAY_MS: "10000"', 'DRAIN_DELAY_MS: "12000"', 'DRAIN_DELAY_MS: "14000"'],
  ],
  [
    "drain-check-blind",
    /httpGet: \{ path: \/ready, port: http \}/,
    ["tcpSocket: { port: http }", "httpGet: { path: /alive, port: http }", "httpGet: { path: /livez, port: http }"],
    [
      "httpGet: { path: /readyz, port: http }",
      "httpGet: { path: /health/ready, port: http }",
      "exec: { command: [/ready.sh] }",
    ],
  ],
  [
    "grace-shorter-than-drain",
    gracePeriod,
    ["terminationGracePeriodSeconds: 30", "terminationGracePeriodSeconds: 37", "# terminationGracePeriodSeconds: 60"],
    ["terminationGracePeriodSeconds: 45", "terminationGracePeriodSeconds: 50", "terminationGracePeriodSeconds: 300"],
  ],
  [
    "grace-shorter-than-drain",
    /startupProbe:/,
    [
      'lifecycle: { preStop: { exec: { command: [sh, -c, "sleep 30"] } } }\n          startupProbe:',
      "lifecycle: { preStop: { sleep: { seconds: 25 } } }\n          startupProbe:",
    ],
    [
      'lifecycle: { preStop: { exec: { command: [sh, -c, "sleep 5"] } } }\n          startupProbe:',
      "lifecycle: { preStop: { sleep: { seconds: 10 } } }\n          startupProbe:",
    ],
  ],
  [
    "grace-shorter-than-shutdown",
    gracePeriod,
    ["terminationGracePeriodSeconds: 40", "terminationGracePeriodSeconds: 44"],
    ["terminationGracePeriodSeconds: 46", "terminationGracePeriodSeconds: 90"],
  ],
  [
    "release-shorter-than-request",
    /delay\.timeout_seconds=30/,
    ["delay.timeout_seconds=5", "delay.timeout_seconds=10"],
    ["delay.timeout_seconds=15", "delay.timeout_seconds=300"],
  ],
  [
    "deadline-check-longer-than-probe",
    /HEALTH_CHECK_TIMEOUT: "2000"/,
    ['HEALTH_CHECK_TIMEOUT: "5000"', 'HEALTH_CHECK_TIMEOUT: "4000"'],
    ['HEALTH_CHECK_TIMEOUT: "2500"', 'HEALTH_CHECK_TIMEOUT: "1000"'],
  ],
  [
    "deadline-check-longer-than-probe",
    / {12}timeoutSeconds: 4\n/,
    ["", "            timeoutSeconds: 2\n"],
    ["            timeoutSeconds: 3\n", "            timeoutSeconds: 4 # more than the check\n"],
  ],
  [
    "deadline-probe-longer-than-interval",
    /timeoutSeconds: 6/,
    ["timeoutSeconds: 10", "timeoutSeconds: 15"],
    ["timeoutSeconds: 5", "timeoutSeconds: 9"],
  ],
  [
    "deadline-request-longer-than-proxy",
    /proxy-read-timeout: "30"/,
    ['proxy-read-timeout: "10"', 'proxy-read-timeout: "15"'],
    ['proxy-read-timeout: "16"', 'proxy-read-timeout: "60"'],
  ],
  [
    "deadline-request-longer-than-proxy",
    /request: 40s/,
    ["request: 10s", "request: 15s"],
    ["request: 20s", "request: 1m"],
  ],
  [
    "connections-more-than-database",
    /DB_POOL_MAX: "6"/,
    ['DB_POOL_MAX: "10"', 'DB_POOL_MAX: "50"'],
    ['DB_POOL_MAX: "5"', 'DB_POOL_MAX: "3"'],
  ],
  [
    "connections-more-than-database",
    maxReplicas,
    ["maxReplicas: 40", "maxReplicas: 20"],
    ["maxReplicas: 8", "maxReplicas: 5"],
  ],
  ["connections-more-than-database", / {6}maxSurge: 1\n/, ["      maxSurge: 100%\n"], ["      maxSurge: 10%\n"]],
  [
    "budget-lets-none-go",
    /maxUnavailable: 1\n/,
    ["maxUnavailable: 0\n", "minAvailable: 3\n", "minAvailable: 100%\n", "minAvailable: 90%\n"],
    ["maxUnavailable: 50%\n", "minAvailable: 2\n", "minAvailable: 50%\n", "maxUnavailable: 2\n"],
  ],
  [
    "budget-heap",
    /--max-old-space-size=384/,
    ["--max-old-space-size=448", "--max-old-space-size=512", "--max-old-space-size-percentage=90"],
    ["--max-old-space-size=320", "--max-old-space-size=256", "--max-old-space-size-percentage=70"],
  ],
  [
    "budget-heap",
    / {14}memory: 512Mi\n/,
    ["              memory: 400M\n", "              memory: 0.4Gi\n"],
    ["              memory: 1Gi\n", "              memory: 600M\n"],
  ],
  [
    "budget-body-too-small",
    /proxy-body-size: 5m/,
    ["proxy-body-size: 1m", "proxy-body-size: 512k"],
    ["proxy-body-size: 6m", "proxy-body-size: 8m"],
  ],
  [
    "budget-body-too-large",
    /proxy-body-size: 5m/,
    ["proxy-body-size: 50m", 'proxy-body-size: "0"'],
    ["proxy-body-size: 9m", "proxy-body-size: 6m"],
  ],
  [
    "budget-scrape-timeout",
    /scrapeTimeout: 10s/,
    ["scrapeTimeout: 16s", "scrapeTimeout: 1m"],
    ["scrapeTimeout: 15s", "scrapeTimeout: 5s"],
  ],
  [
    "budget-rate-window",
    /duration_seconds_bucket\[5m\]/,
    ["duration_seconds_bucket[20s]", "duration_seconds_bucket[45s]"],
    ["duration_seconds_bucket[1m]", "duration_seconds_bucket[2m]"],
  ],
  [
    "trap-quantile-without-le",
    /sum by \(le\) \(rate\(http_request_duration_seconds_bucket\[5m\]\)\)/,
    ["rate(http_request_duration_seconds_bucket[5m])", "sum(rate(http_request_duration_seconds_bucket[5m]))"],
    [
      "SUM(rate(http_request_duration_seconds_bucket[5m])) BY (le)",
      "sum without (instance) (rate(http_request_duration_seconds_bucket[5m]))",
    ],
  ],
  [
    "trap-errors-not-a-ratio",
    / \/ sum\(rate\(http_requests_total\[5m\]\)\) > 0\.05/,
    [" > 0.05"],
    [" / sum(rate(http_requests_total[10m])) > 0.01"],
  ],
  [
    "trap-promql-removed-function",
    /histogram_quantile\(0\.95, .*\) > 1/,
    ["holt_winters(job:latency:mean5m[1h], 0.5, 0.5) > 1"],
    ["avg_over_time(job:latency:mean5m[1h]) > 1"],
  ],
  [
    "trap-kubernetes-selector",
    / {2}selector:\n {4}matchLabels: \{ app: api \}\n {2}strategy:/,
    ["  strategy:", "  selector:\n    matchLabels: { app: other }\n  strategy:"],
    [
      "  selector:\n    matchLabels: { app: api }\n  minReadySeconds: 5\n  strategy:",
      '  selector:\n    matchLabels: { "app": "api" }\n  strategy:',
    ],
  ],
  ["trap-kubernetes-image-tag", /api:1\.4\.2/, ["api:latest", "api"], ["api:1.4", `api@sha256:${"0".repeat(64)}`]],
  [
    "trap-kubernetes-no-startup-probe",
    startup,
    [""],
    [(text: string) => text.replace("failureThreshold: 60", "failureThreshold: 30")],
  ],
  [
    "deadline-start-too-short",
    /failureThreshold: 60/,
    ["failureThreshold: 3", "failureThreshold: 5"],
    ["failureThreshold: 6", "failureThreshold: 120"],
  ],
  [
    "deadline-liveness-too-short",
    / {12}periodSeconds: 10\n {12}timeoutSeconds: 6\n/,
    [
      "            periodSeconds: 10\n            timeoutSeconds: 6\n            failureThreshold: 1\n",
      "            periodSeconds: 3\n            timeoutSeconds: 2\n",
    ],
    [
      "            periodSeconds: 10\n            timeoutSeconds: 6\n            failureThreshold: 2\n",
      "            periodSeconds: 5\n            timeoutSeconds: 2\n",
    ],
  ],
  [
    "trap-kubernetes-no-readiness-probe",
    /readinessProbe:\n\s*httpGet: \{ path: \/ready, port: http \}\n\s*periodSeconds: 5\n\s*timeoutSeconds: 4\n\s*/,
    [""],
    ["readinessProbe:\n            httpGet: { path: /ready, port: http }\n            timeoutSeconds: 4\n          "],
  ],
  [
    "trap-liveness-asks-dependencies",
    /path: \/alive/,
    ["path: /health", "path: /ready"],
    ["path: /live", "path: /health/live"],
  ],
  [
    "trap-kubernetes-no-disruption-budget",
    /matchLabels: \{ app: api \}\n---\napiVersion: networking/,
    ["matchLabels: { app: web }\n---\napiVersion: networking"],
    ["matchExpressions: [{ key: app, operator: In, values: [api] }]\n---\napiVersion: networking"],
  ],
  [
    "trap-kubernetes-memory-autoscaler",
    /resource: \{ name: cpu/,
    ["resource: { name: memory"],
    ['resource: { "name": cpu'],
  ],
  ["trap-kubernetes-public-service", /type: ClusterIP/, ["type: LoadBalancer"], ["type: NodePort"]],
  [
    "trap-ingress-rewrite",
    /nginx\.ingress\.kubernetes\.io\/proxy-read-timeout: "30"/,
    ["nginx.ingress.kubernetes.io/rewrite-target: /app", "nginx.ingress.kubernetes.io/rewrite-target: /api"],
    ["nginx.ingress.kubernetes.io/rewrite-target: /$1", "nginx.ingress.kubernetes.io/rewrite-target: /api/$2"],
  ],
  ["trap-alb-ingress-target", /target-type: ip/, ["target-type: instance"], ['target-type: "ip"']],
  ["trap-alb-readiness-gate", /gate-inject: enabled/, ["gate-inject: disabled"], ['gate-inject: "enabled"']],
  ["trap-kubernetes-removed-api", /policy\/v1\n/, ["policy/v1beta1\n"], ["policy/v1 # since 1.21\n"]],
  [
    "trap-kubernetes-removed-api",
    /autoscaling\/v2\n/,
    ["autoscaling/v2beta2\n", "autoscaling/v2beta1\n"],
    ['"autoscaling/v2"\n', "autoscaling/v2 # since 1.23\n"],
  ],
  [
    "trap-kubernetes-removed-api",
    /networking\.k8s\.io\/v1\n/,
    ["networking.k8s.io/v1beta1\n", "extensions/v1beta1\n"],
    ['"networking.k8s.io/v1"\n', "networking.k8s.io/v1 # since 1.19\n"],
  ],
  [
    "budget-no-memory-limit",
    / {14}memory: 512Mi\n/,
    ["              ephemeral-storage: 1Gi\n"],
    ["              memory: 512Mi\n              ephemeral-storage: 1Gi\n"],
  ],
  [
    "trap-trust-proxy-wide",
    /DB_POOL_MAX: "6"/,
    ['DB_POOL_MAX: "6"\n  TRUST_PROXY: uniquelocal', 'DB_POOL_MAX: "6"\n  TRUST_PROXY: 10.0.0.0/8'],
    ['DB_POOL_MAX: "6"\n  TRUST_PROXY: 10.244.0.0/16', 'DB_POOL_MAX: "6"\n  TRUST_PROXY: loopback,10.0.1.7'],
  ],
];

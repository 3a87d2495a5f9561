import { type Manner, suiteOfManners } from "./support/manners.ts";

const pod = (pods: string, spec: string, container = "", behind = "") => `apiVersion: apps/v1
kind: Deployment
metadata: { name: api }
spec:
  selector: { matchLabels: { app: api } }
  ${spec}
  template:
    metadata: { labels: { app: api } }
    spec:
      ${pods}
      containers:
        - name: api
          image: api:1.0
          ports: [{ containerPort: 4000 }]
          readinessProbe: { httpGet: { path: /ready, port: 4000 }, timeoutSeconds: 3 }
          env: [{ name: DRAIN_DELAY_MS, value: "15000" }]
          ${container}
${behind}`;

const grace = "terminationGracePeriodSeconds: 60";
const budget = (line: string) =>
  `---\napiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: { name: api }\nspec:\n  ${line}\n  selector: { matchLabels: { app: api } }\n`;
const service = (line: string) => `services:\n  api:\n    image: api:1.0\n    stop_grace_period: 45s\n    ${line}\n`;
const cluster = (kind: string, spec: string, version = "v1") =>
  `apiVersion: ${version}\nkind: ${kind}\nmetadata: { name: api }\nspec: ${spec}\n`;
const nginx = (line: string) => `http {\n  server {\n    client_max_body_size 5m;\n    ${line}\n  }\n}\n`;
const haproxy = (line: string, check = "check inter 2s fall 2", extra = "") => `global
  stats socket /run/haproxy.sock level admin
defaults
  mode http
  timeout connect 2s
  timeout client 30s
  timeout server 20s
  ${line}
frontend web
  bind :80
  default_backend api
backend api
  option httpchk GET /ready
  ${extra}
  server app1 app1:4000 ${check}
`;
const variable = (name: string) => ["$", `{${name}}`].join("");

const unknown = (name: string, texts: Manner["texts"], notUnderstood: RegExp): Manner => ({
  name,
  texts,
  finds: [],
  notUnderstood,
});

suiteOfManners("what is not understood is said, and nothing is made of it", [
  unknown(
    "a grace with a unit",
    { kubernetes: pod("terminationGracePeriodSeconds: 20s", "") },
    /^terminationGracePeriodSeconds 20s: not a number of seconds/,
  ),
  unknown("replicas in words", { kubernetes: pod(grace, "replicas: three") }, /^replicas three: not a number/),
  unknown(
    "a surge in words",
    {
      kubernetes: pod(
        grace,
        "replicas: 90\n  strategy: { rollingUpdate: { maxSurge: lots } }",
        "",
        budget("maxUnavailable: 1"),
      ),
    },
    /^maxSurge lots: neither/,
  ),
  unknown(
    "a budget in words",
    { kubernetes: pod(grace, "replicas: 3", "", budget("maxUnavailable: one")) },
    /^maxUnavailable one: neither/,
  ),
  unknown(
    "a limit of memory in words",
    { kubernetes: pod(grace, "", "resources: { limits: { memory: plenty } }") },
    /^memory limit plenty: not a size/,
  ),
  unknown(
    "a hook that sleeps for an unknown time",
    { kubernetes: pod(grace, "", `lifecycle: { preStop: { exec: { command: [/drain.sh] } } }`) },
    /^preStop \/drain\.sh: how long it takes cannot be seen/,
  ),
  unknown(
    "an autoscaler in words",
    {
      kubernetes: pod(
        grace,
        "",
        "",
        `${budget("maxUnavailable: 1")}---\napiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: { name: api }\nspec:\n  scaleTargetRef: { kind: Deployment, name: api }\n  minReplicas: few\n  maxReplicas: many\n`,
      ),
    },
    /minReplicas few[\s\S]*maxReplicas many/,
  ),
  unknown(
    "a hook that sleeps for as long as a variable says",
    {
      kubernetes: pod(
        grace,
        "",
        'lifecycle: { preStop: { exec: { command: [sh, -c, "sleep 5; sleep $WAIT"] } } }',
      ).replace("15000", "0"),
    },
    /^preStop sh -c sleep 5; sleep \$WAIT: how long/,
  ),
  unknown(
    "Railway's grace in words",
    { railway: '{ "deploy": { "drainingSeconds": "soon" } }' },
    /^drainingSeconds soon/,
  ),
  unknown(
    "Railway's replicas in words",
    { railway: '{ "deploy": { "drainingSeconds": 60, "numReplicas": "some" } }' },
    /^instances some/,
  ),
  unknown(
    "Render's grace in words",
    { render: "services:\n  - type: web\n    name: api\n    maxShutdownDelaySeconds: soon\n" },
    /^maxShutdownDelaySeconds soon/,
  ),
  unknown(
    "a plan of Render's that is not known",
    { render: "services:\n  - type: web\n    name: api\n    maxShutdownDelaySeconds: 60\n    plan: huge\n" },
    /^memory of the plan huge/,
  ),
  unknown("memory in a variable", { compose: service(`mem_limit: ${variable("MEM")}`) }, /^memory limit \$\{MEM\}/),
  unknown("memory in words", { compose: service("mem_limit: big") }, /^memory limit big: not a size/),
  unknown(
    "what Postgres allows in a variable",
    {
      compose: `${service("deploy: { replicas: 20 }")}  db:\n    image: postgres:17.6\n    command: [postgres, -c, "max_connections=${variable("MAX")}"]\n`,
    },
    /^max_connections \$\{MAX\}: not a number/,
  ),
  unknown(
    "what CloudNativePG is told in words",
    {
      kubernetes: `${pod(grace, "replicas: 20", "", budget("maxUnavailable: 1"))}---\nkind: Cluster\nspec: { postgresql: { parameters: { max_connections: plenty } } }\n`,
    },
    /^max_connections plenty: not a number/,
  ),
  unknown(
    "replicas in a variable",
    { compose: service(`deploy: { replicas: "${variable("N")}" }`) },
    /^replicas \$\{N\}/,
  ),
  unknown(
    "memory of a task by a function",
    {
      alb: 'Resources:\n  Task:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n      Memory: !ImportValue memory\n      ContainerDefinitions: [{ Name: api, Image: "api:1.0", StopTimeout: 60, PortMappings: [{ ContainerPort: 4000 }] }]\n',
    },
    /^Memory: not a size/,
  ),
  unknown(
    "a threshold in a variable",
    { haproxy: haproxy("timeout check 1s", `check inter 20s fall "${variable("FALL")}"`) },
    /^fall \$\{FALL\}: not a number/,
  ),
  unknown(
    "a time limit of checks in a variable",
    { haproxy: haproxy(`timeout check "${variable("LIMIT")}"`, "check inter 9s") },
    /^timeout check \$\{LIMIT\}: not a time/,
  ),
  unknown(
    "what Google's load balancer is told in words",
    {
      settings: "KEEP_ALIVE_TIMEOUT_MS=620000\n",
      kubernetes: cluster(
        "BackendConfig",
        "{ timeoutSec: soon, connectionDraining: { drainingTimeoutSec: late }, healthCheck: { requestPath: /ready, timeoutSec: long } }",
      ),
    },
    /timeoutSec soon[\s\S]*drainingTimeoutSec late/,
  ),
  unknown("retries in words", { haproxy: haproxy("retries few") }, /^retries few: not a number/),
]);

suiteOfManners("what is not known by its name is said", [
  unknown(
    "a word that HAProxy does not have",
    { haproxy: haproxy("", undefined, "frobnicate yes") },
    /^frobnicate: not a word/,
  ),
  unknown(
    "a time limit that HAProxy does not have",
    { haproxy: haproxy("timeout srever 5s") },
    /^timeout srever: .* perhaps server is meant/,
  ),
  unknown(
    "an option of a server that HAProxy does not have",
    { haproxy: haproxy("timeout check 1s", "check inter 2s fall 2 fastniter 500ms") },
    /^server … fastniter: .* perhaps fastinter is meant/,
  ),
  unknown("an option that is misspelt", { haproxy: haproxy("option redispacth") }, /perhaps redispatch is meant/),
  unknown(
    "a directive of nginx that is misspelt",
    { nginx: nginx("proxy_raed_timeout 5s;") },
    /^proxy_raed_timeout: .* perhaps proxy_read_timeout is meant/m,
  ),
  {
    name: "directives that are close to others, and names in a map, are not",
    texts: {
      nginx:
        `${nginx("proxy_send_timeout 5s; listen 80;")}stream {\n  server { listen 90; proxy_pass db; }\n}\n`.replace(
          "http {",
          "http {\n  map $a $b { keepalives 1; }",
        ),
    },
    finds: [],
    notUnderstood: /^passes no request on[^\n]*$/,
  },
  unknown(
    "a program in nginx",
    { nginx: nginx("access_by_lua_block { deny() }") },
    /^access_by_lua_block: what this program does/m,
  ),
  unknown(
    "a way that only a variable knows",
    {
      nginx: nginx(
        "resolver 127.0.0.11; proxy_set_header Host $host; proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Forwarded-Proto $scheme; location / { proxy_pass http://$pool; }",
      ),
    },
    /^proxy_pass http:\/\/\$pool: where it leads is not known/,
  ),
  unknown(
    "a check of HAProxy's in a program",
    { haproxy: haproxy("timeout check 1s", undefined, "option external-check") },
    /^option external-check: what it asks cannot be seen/,
  ),
  unknown(
    "a route of Istio's",
    { kubernetes: cluster("VirtualService", "{ http: [{ timeout: 5s }] }") },
    /^VirtualService: how it routes/,
  ),
  unknown(
    "a route of Traefik's",
    { kubernetes: cluster("IngressRoute", "{ routes: [] }") },
    /^IngressRoute: how it routes/,
  ),
  unknown(
    "what KEDA scales",
    { kubernetes: cluster("ScaledObject", "{ maxReplicaCount: 90 }") },
    /^ScaledObject: how far/,
  ),
  unknown(
    "a Service of Knative's",
    { kubernetes: cluster("Service", "{ template: { spec: { timeoutSeconds: 5 } } }", "serving.knative.dev/v1") },
    /^Service: what it runs/,
  ),
  unknown(
    "a health check in a script",
    { compose: service("healthcheck: { test: ./healthcheck.sh, timeout: 5s }") },
    /^healthcheck \.\/healthcheck\.sh: what it asks/,
  ),
  unknown(
    "a readiness probe in a script",
    { kubernetes: pod(grace, "").replace("httpGet: { path: /ready, port: 4000 }", "exec: { command: [./ready.sh] }") },
    /^readinessProbe: what it asks cannot be seen/,
  ),
]);

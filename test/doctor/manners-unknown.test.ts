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
    { kubernetes: pod(grace, "", `lifecycle: { preStop: { exec: { command: [sh, -c, "sleep $WAIT"] } } }`) },
    /^preStop: how long this hook takes cannot be seen/,
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
]);

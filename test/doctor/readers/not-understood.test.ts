import { budget, cluster, grace, haproxy, pod, service, unknown, variable } from "../support/not-understood-configs.ts";
import { suiteOfManners } from "../support/realistic-configs.ts";

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

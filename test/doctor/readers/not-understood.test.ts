import { budget, cluster, grace, haproxy, pod, service, unknown, variable } from "../support/not-understood-configs.ts";
import { suiteOfConfigs } from "../support/realistic-configs.ts";

suiteOfConfigs("a value that is not understood is reported and not judged", [
  unknown(
    "a grace period with a unit",
    { kubernetes: pod("terminationGracePeriodSeconds: 20s", "") },
    /^terminationGracePeriodSeconds 20s: not a number of seconds/,
  ),
  unknown("replicas as a word", { kubernetes: pod(grace, "replicas: three") }, /^replicas three: not a number/),
  unknown(
    "maxSurge as a word",
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
    "a disruption budget as a word",
    { kubernetes: pod(grace, "replicas: 3", "", budget("maxUnavailable: one")) },
    /^maxUnavailable one: neither/,
  ),
  unknown(
    "a memory limit as a word",
    { kubernetes: pod(grace, "", "resources: { limits: { memory: plenty } }") },
    /^memory limit plenty: not a size/,
  ),
  unknown(
    "a hook that sleeps for an unknown time",
    { kubernetes: pod(grace, "", `lifecycle: { preStop: { exec: { command: [/drain.sh] } } }`) },
    /^preStop \/drain\.sh: the duration of this hook is unknown/,
  ),
  unknown(
    "autoscaler limits as words",
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
    "a hook that sleeps for the time in a variable",
    {
      kubernetes: pod(
        grace,
        "",
        'lifecycle: { preStop: { exec: { command: [sh, -c, "sleep 5; sleep $WAIT"] } } }',
      ).replace("15000", "0"),
    },
    /^preStop sh -c sleep 5; sleep \$WAIT: the duration/,
  ),
  unknown(
    "Railway's grace period as a word",
    { railway: '{ "deploy": { "drainingSeconds": "soon" } }' },
    /^drainingSeconds soon/,
  ),
  unknown(
    "Railway's replicas as a word",
    { railway: '{ "deploy": { "drainingSeconds": 60, "numReplicas": "some" } }' },
    /^instances some/,
  ),
  unknown(
    "Render's grace period as a word",
    { render: "services:\n  - type: web\n    name: api\n    maxShutdownDelaySeconds: soon\n" },
    /^maxShutdownDelaySeconds soon/,
  ),
  unknown(
    "an unknown plan of Render",
    { render: "services:\n  - type: web\n    name: api\n    maxShutdownDelaySeconds: 60\n    plan: huge\n" },
    /^memory of the plan huge/,
  ),
  unknown(
    "a memory limit in a variable",
    { compose: service(`mem_limit: ${variable("MEM")}`) },
    /^memory limit \$\{MEM\}/,
  ),
  unknown("a memory limit as a word", { compose: service("mem_limit: big") }, /^memory limit big: not a size/),
  unknown(
    "max_connections in a variable",
    {
      compose: `${service("deploy: { replicas: 20 }")}  db:\n    image: postgres:17.6\n    command: [postgres, -c, "max_connections=${variable("MAX")}"]\n`,
    },
    /^max_connections \$\{MAX\}: not a number/,
  ),
  unknown(
    "max_connections of CloudNativePG as a word",
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
    "memory of a task from a function",
    {
      alb: 'Resources:\n  Task:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n      Memory: !ImportValue memory\n      ContainerDefinitions: [{ Name: api, Image: "api:1.0", StopTimeout: 60, PortMappings: [{ ContainerPort: 4000 }] }]\n',
    },
    /^Memory: not a size/,
  ),
  unknown(
    "fall in a variable",
    { haproxy: haproxy("timeout check 1s", `check inter 20s fall "${variable("FALL")}"`) },
    /^fall \$\{FALL\}: not a number/,
  ),
  unknown(
    "a check timeout in a variable",
    { haproxy: haproxy(`timeout check "${variable("LIMIT")}"`, "check inter 5s fastinter 1s") },
    /^timeout check \$\{LIMIT\}: not a time/,
  ),
  unknown(
    "timeouts of Google's load balancer as words",
    {
      settings: "KEEP_ALIVE_TIMEOUT_MS=620000\n",
      kubernetes: cluster(
        "BackendConfig",
        "{ timeoutSec: soon, connectionDraining: { drainingTimeoutSec: late }, healthCheck: { requestPath: /ready, timeoutSec: long } }",
      ),
    },
    /timeoutSec soon[\s\S]*drainingTimeoutSec late/,
  ),
  unknown("retries as a word", { haproxy: haproxy("retries few") }, /^retries few: not a number/),
]);

import { type Manner, suiteOfManners } from "../../support/realistic-configs.ts";

const settings = "DRAIN_DELAY_MS=15000\n";
const idle = "[{ Key: idle_timeout.timeout_seconds, Value: 300 }]";
const https =
  "Listener:\n    Type: AWS::ElasticLoadBalancingV2::Listener\n    Properties: { Protocol: HTTPS, Port: 443 }";

type Parts = { attributes?: string; listener?: string; path?: string; before?: string; behind?: string };

const template = ({
  attributes = "[]",
  listener = https,
  path = "/ready",
  before = "",
  behind = "",
}: Parts) => `${before}
Resources:
  Balancer:
    Type: AWS::ElasticLoadBalancingV2::LoadBalancer
    Properties:
      LoadBalancerAttributes: ${attributes}
  ${listener}
  Targets:
    Type: AWS::ElasticLoadBalancingV2::TargetGroup
    Properties:
      TargetType: ip
      HealthCheckPath: ${path}
      HealthCheckIntervalSeconds: 5
      HealthCheckTimeoutSeconds: 4
  ${behind}
`;

const plain = (action: string) =>
  `Listener:\n    Type: AWS::ElasticLoadBalancingV2::Listener\n    Properties:\n      Protocol: HTTP\n      DefaultActions: [{ Type: ${action} }]`;

const alb = (name: string, parts: Parts, finds: Manner["finds"], notUnderstood?: RegExp): Manner => ({
  name,
  texts: { alb: template(parts), settings },
  finds,
  ...(notUnderstood === undefined ? {} : { notUnderstood }),
});

const substituted = ["$", "{Idle}"].join("");

suiteOfManners("CloudFormation, as people write it", [
  alb("nothing wrong", {}, []),
  alb(
    "attributes by a condition are not known",
    { attributes: `!If [Live, ${idle}, []]` },
    [],
    /idle_timeout.*not known/,
  ),
  alb("one of them by a condition", { attributes: `[!If [Live, ${idle}, {}]]` }, [], /idle_timeout.*not known/),
  alb("the same in JSON's form", { attributes: `{ "Fn::If": [Live, ${idle}, []] }` }, [], /idle_timeout.*not known/),
  alb(
    "a parameter that is substituted",
    {
      before: "Parameters:\n  Idle: { Type: Number, Default: 300 }",
      attributes: `[{ Key: idle_timeout.timeout_seconds, Value: !Sub "${substituted}" }]`,
    },
    [["keep-alive-shorter-than-front", "Idle: { Type: Number, Default: 300 }"]],
  ),
  alb("a path that is not known", { path: "!ImportValue path" }, [], /HealthCheckPath: its value is not known/),
  alb("a redirect to where nobody listens", { listener: plain("redirect") }, [["trap-alb-no-https", "Protocol: HTTP"]]),
  alb(
    "a refusal of what is not encrypted",
    { listener: https, behind: plain("fixed-response").replace("Listener", "Plain") },
    [],
  ),
  alb(
    "the other of two load balancers",
    {
      attributes: idle,
      listener:
        "Listener:\n    Type: AWS::ElasticLoadBalancingV2::Listener\n    Properties:\n      LoadBalancerArn: !Ref Other\n      Protocol: HTTPS\n      DefaultActions: [{ Type: forward, TargetGroupArn: !Ref Targets }]",
      behind: "Other: { Type: AWS::ElasticLoadBalancingV2::LoadBalancer, Properties: {} }",
    },
    [],
  ),
  alb(
    "memory of a whole task",
    {
      behind:
        'Task:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n      Memory: "512"\n      ContainerDefinitions:\n        - Name: api\n          Image: api:1.0\n          PortMappings: [{ ContainerPort: 4000 }]\n          StopTimeout: 60\n          Environment: [{ Name: NODE_OPTIONS, Value: --max-old-space-size=512 }]',
    },
    [["budget-heap", "Environment: [{ Name: NODE_OPTIONS, Value: --max-old-space-size=512 }]"]],
  ),
]);

const balancer = (seconds: number, type = "application"): Manner["texts"] => ({
  alb: `Resources:\n  Balancer:\n    Type: AWS::ElasticLoadBalancingV2::LoadBalancer\n    Properties:\n      Type: ${type}\n      LoadBalancerAttributes:\n        - { Key: idle_timeout.timeout_seconds, Value: ${seconds} }\n`,
});
const idleOf = (seconds: number) => `- { Key: idle_timeout.timeout_seconds, Value: ${seconds} }`;

suiteOfManners("a load balancer whose target groups are elsewhere", [
  { name: "nothing wrong", texts: balancer(60), finds: [] },
  {
    name: "one that keeps connections for longer",
    texts: balancer(120),
    finds: [["keep-alive-shorter-than-front", idleOf(120), "error"]],
  },
  {
    name: "one that gives up sooner",
    texts: balancer(10),
    finds: [["deadline-request-longer-than-proxy", idleOf(10), "error"]],
  },
  { name: "one that is not for HTTP", texts: balancer(120, "network"), finds: [] },
]);

suiteOfManners("Render and Railway, as people write them", [
  {
    name: "Render asks what is always well",
    texts: {
      render: "services:\n  - type: web\n    maxShutdownDelaySeconds: 60\n    healthCheckPath: /alive\n",
    },
    finds: [["drain-check-blind", "healthCheckPath: /alive"]],
  },
  {
    name: "Railway in several regions",
    texts: {
      railway:
        '{ "deploy": {\n  "drainingSeconds": 60,\n  "multiRegionConfig": {\n    "a": { "numReplicas": 3 },\n    "b": { "numReplicas": 4 }\n  }\n} }\n',
    },
    finds: [["connections-more-than-database", '{ "deploy": {']],
  },
]);

import { type RealisticConfig, suiteOfConfigs } from "../../support/realistic-configs.ts";

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

const alb = (name: string, parts: Parts, finds: RealisticConfig["finds"], notUnderstood?: RegExp): RealisticConfig => ({
  name,
  texts: { alb: template(parts), settings },
  finds,
  ...(notUnderstood === undefined ? {} : { notUnderstood }),
});

const substituted = ["$", "{Idle}"].join("");

suiteOfConfigs("realistic CloudFormation templates", [
  alb("a valid template", {}, []),
  alb(
    "attributes from a condition are unknown",
    { attributes: `!If [Live, ${idle}, []]` },
    [],
    /idle_timeout.*not known/,
  ),
  alb(
    "one attribute from a condition is unknown",
    { attributes: `[!If [Live, ${idle}, {}]]` },
    [],
    /idle_timeout.*not known/,
  ),
  alb(
    "a condition in JSON form is unknown",
    { attributes: `{ "Fn::If": [Live, ${idle}, []] }` },
    [],
    /idle_timeout.*not known/,
  ),
  alb(
    "a parameter in !Sub",
    {
      before: "Parameters:\n  Idle: { Type: Number, Default: 300 }",
      attributes: `[{ Key: idle_timeout.timeout_seconds, Value: !Sub "${substituted}" }]`,
    },
    [["keep-alive-shorter-than-front", "Idle: { Type: Number, Default: 300 }"]],
  ),
  alb("an unknown health check path", { path: "!ImportValue path" }, [], /HealthCheckPath: the value is not known/),
  alb("a redirect to a port without a listener", { listener: plain("redirect") }, [
    ["trap-alb-no-https", "Protocol: HTTP"],
  ]),
  alb(
    "a listener that refuses unencrypted requests",
    { listener: https, behind: plain("fixed-response").replace("Listener", "Plain") },
    [],
  ),
  alb(
    "the idle timeout of a load balancer that does not forward to the target group is ignored",
    {
      attributes: idle,
      listener:
        "Listener:\n    Type: AWS::ElasticLoadBalancingV2::Listener\n    Properties:\n      LoadBalancerArn: !Ref Other\n      Protocol: HTTPS\n      DefaultActions: [{ Type: forward, TargetGroupArn: !Ref Targets }]",
      behind: "Other: { Type: AWS::ElasticLoadBalancingV2::LoadBalancer, Properties: {} }",
    },
    [],
  ),
  alb(
    "a heap that is too large for the memory of the task",
    {
      behind:
        'Task:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n      Memory: "512"\n      ContainerDefinitions:\n        - Name: api\n          Image: api:1.0\n          PortMappings: [{ ContainerPort: 4000 }]\n          StopTimeout: 60\n          Environment: [{ Name: NODE_OPTIONS, Value: --max-old-space-size=512 }]',
    },
    [["budget-heap", "Environment: [{ Name: NODE_OPTIONS, Value: --max-old-space-size=512 }]"]],
  ),
]);

const balancer = (seconds: number, type = "application"): RealisticConfig["texts"] => ({
  alb: `Resources:\n  Balancer:\n    Type: AWS::ElasticLoadBalancingV2::LoadBalancer\n    Properties:\n      Type: ${type}\n      LoadBalancerAttributes:\n        - { Key: idle_timeout.timeout_seconds, Value: ${seconds} }\n`,
});
const idleOf = (seconds: number) => `- { Key: idle_timeout.timeout_seconds, Value: ${seconds} }`;

suiteOfConfigs("a load balancer without target groups", [
  { name: "a valid load balancer", texts: balancer(60), finds: [] },
  {
    name: "a load balancer with a longer idle timeout",
    texts: balancer(120),
    finds: [["keep-alive-shorter-than-front", idleOf(120), "error"]],
  },
  {
    name: "a load balancer with a shorter idle timeout",
    texts: balancer(10),
    finds: [["deadline-request-longer-than-proxy", idleOf(10), "error"]],
  },
  { name: "a network load balancer", texts: balancer(120, "network"), finds: [] },
]);

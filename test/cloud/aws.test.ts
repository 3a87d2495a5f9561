import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { z } from "zod";
import { configFromCloud } from "../support/cloud.ts";
import { errorsOfTemplate, parseTemplate, type Template, unconditional } from "../support/cloudformation.ts";
import { probeKindOf } from "../support/probe-kinds.ts";

const text = readFileSync(new URL("../../cloud/aws/alb.yaml", import.meta.url), "utf8");
const template = parseTemplate(text);

test("the template matches AWS's description of its resources", () => {
  assert.deepEqual(errorsOfTemplate(template), []);
  for (const [name, { Type, Properties }] of Object.entries(template.Resources))
    if (Type === "AWS::EC2::SecurityGroup")
      assert.match(String(Properties["GroupDescription"]), /^[A-Za-z0-9. _:/()#,@[\]+=&;{}!$*-]*$/, name);
});

test("the check finds a typo in any property and in any reference", () => {
  let checkedProperties = 0;
  for (const [name, { Properties }] of Object.entries(template.Resources)) {
    for (const path of pathsIn(Properties)) {
      const broken = structuredClone(template);
      misspell(broken.Resources[name]?.Properties, path);
      assert.notDeepEqual(errorsOfTemplate(broken), [], `${name}.${path.join(".")}`);
      checkedProperties += 1;
    }
  }
  assert.ok(checkedProperties > 150, `${checkedProperties} properties`);
  for (const [from, to] of [
    ["!Ref VpcId", "!Ref VpcID"],
    ["!GetAtt LoadBalancer.DNSName", "!GetAtt LoadBalancer.DnsName"],
    ["!If [HasAlarmTopic,", "!If [HasAlarmTopics,"],
    ["Type: AWS::CloudWatch::Alarm", "Type: AWS::CloudWatch::Alert"],
  ] as const)
    assert.notDeepEqual(errorsOfTemplate(parseTemplate(text.replace(from, to))), [], to);
  assert.throws(() => parseTemplate(text.replace("Resources:", "Resource:")));
  assert.throws(() => parseTemplate(text.replace("    Type: AWS::EC2::VPC::Id", "    Typ: AWS::EC2::VPC::Id")));
});

for (const [resource, ...path] of [
  ["HttpsListener", "DefaultActions"],
  ["HttpsListener", "LoadBalancerArn"],
  ["HttpsListener", "DefaultActions", "0", "Type"],
  ["HttpListener", "DefaultActions", "0", "RedirectConfig", "StatusCode"],
  ["LoadBalancerSecurityGroup", "GroupDescription"],
  ["LoadBalancerSecurityGroup", "SecurityGroupIngress", "0", "IpProtocol"],
  ["LatencyAlarm", "Dimensions", "0", "Name"],
  ["ErrorRatioAlarm", "Metrics", "1", "MetricStat", "Period"],
] as const) {
  test(`the check finds a ${resource} without ${path.join(".")}, or with a wrong type of it`, () => {
    for (const change of [
      Reflect.deleteProperty,
      (parent: object, key: string) => Reflect.set(parent, key, new Date()),
    ]) {
      const broken = structuredClone(template);
      const parent = path
        .slice(0, -1)
        .reduce<object>(
          (value, key) => Object(Reflect.get(value, key)),
          Object(broken.Resources[resource]?.Properties),
        );
      change(parent, path.at(-1) ?? "");
      assert.notDeepEqual(errorsOfTemplate(broken), []);
    }
  });
}

test("the timeouts and paths of the load balancer match the application", () => {
  const { group, groupAttributes, balancerAttributes } = readGroup(template);
  const config = configFromCloud(String(template.Outputs["Environment"]?.Value));
  assert.equal(template.Parameters["ApplicationPort"]?.Default, config.http.port);
  assert.notEqual(config.http.managementPort, undefined);
  assert.equal(probeKindOf(group.HealthCheckPath, config.health.paths), "ready");
  assert.equal(group.TargetType, "ip");
  assert.equal(group.Matcher.HttpCode, "200");
  const { HealthCheckIntervalSeconds: interval, HealthCheckTimeoutSeconds: timeout } = group;
  assert.ok(config.health.timeoutMs < timeout * 1000 && timeout < interval);
  assert.ok(config.drain.delayMs >= (interval * group.UnhealthyThresholdCount + timeout) * 1000);
  assert.ok(Number(groupAttributes.get("deregistration_delay.timeout_seconds")) * 1000 >= config.http.requestTimeoutMs);
  assert.equal(groupAttributes.get("stickiness.enabled"), "false");
  const idleMs = Number(balancerAttributes.get("idle_timeout.timeout_seconds")) * 1000;
  assert.ok(idleMs < config.http.keepAliveTimeoutMs && idleMs > config.http.requestTimeoutMs);
  const graceMs = Number(template.Outputs["StopTimeout"]?.Value) * 1000;
  assert.ok(graceMs >= config.drain.delayMs + config.http.requestTimeoutMs + config.drain.lingerMs + 5000);
  assert.ok(graceMs >= config.drain.delayMs + config.drain.timeoutMs + 5000);
});

test("the HTTPS listener forwards requests over TLS 1.2 and 1.3, and the HTTP listener redirects to HTTPS", () => {
  const { HttpsListener: https, HttpListener: http } = template.Resources;
  assert.match(String(https?.Properties["SslPolicy"]), /^ELBSecurityPolicy-TLS13-1-2-/);
  assert.deepEqual(https?.Properties["DefaultActions"], [{ Type: "forward", TargetGroupArn: { Ref: "TargetGroup" } }]);
  assert.deepEqual(http?.Properties["DefaultActions"], [
    { Type: "redirect", RedirectConfig: { Protocol: "HTTPS", Port: "443", StatusCode: "HTTP_301" } },
  ]);
});

const attributes = z
  .array(z.strictObject({ Key: z.string(), Value: z.unknown() }))
  .transform((list) => new Map(list.map(({ Key, Value }) => [Key, Value])));

const groupShape = z.looseObject({
  HealthCheckPath: z.string(),
  HealthCheckIntervalSeconds: z.number(),
  HealthCheckTimeoutSeconds: z.number(),
  UnhealthyThresholdCount: z.number(),
  TargetType: z.string(),
  Matcher: z.strictObject({ HttpCode: z.string() }),
  TargetGroupAttributes: attributes,
});

function readGroup({ Resources }: Template) {
  const group = groupShape.parse(Resources["TargetGroup"]?.Properties);
  const balancerAttributes = attributes.parse(
    unconditional(Resources["LoadBalancer"]?.Properties["LoadBalancerAttributes"]),
  );
  return { group, groupAttributes: group.TargetGroupAttributes, balancerAttributes };
}

/** Returns all properties, except the content of Ref, Fn::GetAtt and similar functions. */
function pathsIn(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const here = [...path, key];
    if (key === "Ref" || key.startsWith("Fn::")) return [];
    return [...(Array.isArray(value) ? [] : [here]), ...pathsIn(inner, here)];
  });
}

function misspell(properties: unknown, path: readonly string[]): void {
  const parent = path.slice(0, -1).reduce<object>((value, key) => Object(Reflect.get(value, key)), Object(properties));
  const key = path.at(-1) ?? "";
  Reflect.set(parent, `${key}x`, Reflect.get(parent, key));
  Reflect.deleteProperty(parent, key);
}

import { type Diagnostics, UnreadableError } from "../../diagnostics.ts";
import type { App, Probe } from "../../facts/app.ts";
import { type ConfigNumber, type ConfigText, defined, ms, type Place } from "../../facts/config-values.ts";
import { emptyLoadBalancer, type LoadBalancer } from "../../facts/load-balancer.ts";
import { type Files, readRequiredFile } from "../../files.ts";
import { albFailureDetection } from "../alb-failure-detection.ts";
import { isSetting, resolveSettings, type SettingValue, type SettingValues } from "../application-settings.ts";
import { entries, get, parseYaml, type Tree, text } from "../yaml-tree.ts";
import { tasksOf } from "./ecs-task.ts";
import { attributeOf, mentions, resolveParameters, secondsToMs, templateNumber } from "./template-values.ts";

/** A template in which references to parameters are replaced by the default of the parameter. */
export type Template = { file: string; resources: readonly (readonly [string, Tree])[] };

export const elbTypes = "AWS::ElasticLoadBalancingV2::";

export const ofType = ({ resources }: Template, type: string): (readonly [string, Tree])[] =>
  resources.filter(([, resource]) => text(resource, "Type") === type);

export function readCloudFormation(
  files: Files,
  path: string,
  externalSettings: SettingValues,
  diagnostics: Diagnostics,
): { template: Template; apps: App[]; loadBalancers: LoadBalancer[] } {
  const file = files.displayPath(path);
  const [top] = parseYaml(readRequiredFile(files, path), file);
  // Examples in documentation often contain only the resources, without `Resources` above them.
  const isResourceList = entries(top).some(([, tree]) => text(tree, "Type")?.startsWith("AWS::"));
  const resources = get(top, "Resources") ?? (isResourceList ? top : undefined);
  if (resources === undefined)
    throw new UnreadableError({ file, line: 1 }, "is not a CloudFormation template: it has no Resources");
  const parameters = get(top, "Parameters");
  const template: Template = {
    file,
    resources: entries(resources).map(([name, tree]) => [name, resolveParameters(tree, parameters)] as const),
  };
  const outputs = resolveParameters(
    get(top, "Outputs") ?? { kind: "map", at: { file, line: 1 }, entries: new Map() },
    parameters,
  );
  const tasks = tasksOf(ofType(template, "AWS::ECS::TaskDefinition"), externalSettings, diagnostics);
  const documentedApps = appsFromOutputs(outputs, externalSettings, diagnostics);
  const groups = ofType(template, `${elbTypes}TargetGroup`);
  const loadBalancers =
    groups.length > 0
      ? groups.flatMap((group) => loadBalancerOf(group, template, diagnostics))
      : balancersOf(template).map((balancer) => balancerWithoutTargets(balancer, diagnostics));
  return { template, apps: tasks.length > 0 ? tasks : documentedApps, loadBalancers };
}

/** ECS and Auto Scaling deregister an instance before they stop it, so health checks need not detect the stop. */
const deregistersFirst = ({ resources }: Template): boolean =>
  resources.some(([, one]) =>
    /^AWS::(?:ECS::(?:Service|TaskDefinition|TaskSet)|AutoScaling::AutoScalingGroup)$/.test(text(one, "Type") ?? ""),
  );

/** Returns the load balancers for HTTP, not those of type network or gateway. */
const balancersOf = (template: Template): (readonly [string, Tree])[] =>
  ofType(template, `${elbTypes}LoadBalancer`).filter(
    ([, one]) => !/^(?:network|gateway)$/.test(text(one, "Properties", "Type") ?? ""),
  );

/** For a template without target groups, only the idle timeout is known. */
function balancerWithoutTargets([, balancer]: readonly [string, Tree], diagnostics: Diagnostics): LoadBalancer {
  const idle = idleTimeOf(balancer, diagnostics);
  return {
    ...emptyLoadBalancer,
    name: "the ALB",
    kind: "alb",
    at: balancer.at,
    idleTimeouts: idle,
    readTimeouts: idle,
  };
}

const idleKey = "idle_timeout.timeout_seconds";

const idleTimeOf = (balancer: Tree, diagnostics: Diagnostics): ConfigNumber[] =>
  defined([
    secondsToMs(
      templateNumber(attributeOf(balancer, "LoadBalancerAttributes", idleKey), idleKey, 60, balancer.at, diagnostics),
    ),
  ]);

function loadBalancerOf(
  [name, group]: readonly [string, Tree],
  template: Template,
  diagnostics: Diagnostics,
): LoadBalancer[] {
  const properties = get(group, "Properties") ?? group;
  const protocol = text(properties, "Protocol") ?? "HTTP";
  if (!/^HTTPS?$/.test(protocol)) {
    diagnostics.addNote(
      get(properties, "Protocol")?.at ?? group.at,
      `target group with protocol ${protocol}: only HTTP and HTTPS are understood`,
    );
    return [];
  }
  const at = group.at;
  const seconds = (name: string, defaultValue: number) =>
    secondsToMs(templateNumber(get(properties, name), name, defaultValue, at, diagnostics));
  const interval = seconds("HealthCheckIntervalSeconds", 30);
  const timeout = seconds("HealthCheckTimeoutSeconds", 5);
  const unhealthy = templateNumber(
    get(properties, "UnhealthyThresholdCount"),
    "UnhealthyThresholdCount",
    2,
    at,
    diagnostics,
  );
  const delay = attributeOf(group, "TargetGroupAttributes", "deregistration_delay.timeout_seconds");
  const idle = idleOf(template, name, at, diagnostics);
  return [
    {
      ...emptyLoadBalancer,
      name: "the ALB",
      kind: "alb",
      at,
      idleTimeouts: idle,
      readTimeouts: idle,
      failureDetections: deregistersFirst(template)
        ? []
        : defined([albFailureDetection(interval, unhealthy, timeout, "error")]),
      checks: [checkOf(properties, at, interval, timeout, diagnostics)],
      drainTimeouts: defined([
        secondsToMs(templateNumber(delay, "deregistration_delay.timeout_seconds", 300, delay?.at ?? at, diagnostics)),
      ]),
    },
  ];
}

function checkOf(
  properties: Tree,
  at: Place,
  interval: ConfigNumber | undefined,
  timeout: ConfigNumber | undefined,
  diagnostics: Diagnostics,
): Probe {
  const path = get(properties, "HealthCheckPath");
  if (path !== undefined && text(path) === undefined)
    diagnostics.addNote(path.at, "HealthCheckPath: the value is not known before the template is deployed");
  const isTcpCheck = text(properties, "HealthCheckProtocol") === "TCP";
  return {
    name: "the ALB's health check",
    purpose: "ready",
    at: path?.at ?? at,
    path: isTcpCheck
      ? undefined
      : { name: "HealthCheckPath", text: text(path) ?? (path === undefined ? "/" : "a function"), at: path?.at ?? at },
    hasUnknownRequest: path !== undefined && text(path) === undefined,
    timeout,
    interval,
  };
}

/**
 * Returns the idle timeouts of the load balancers whose listeners forward to this group, or of all load balancers if
 * none does.
 */
function idleOf(template: Template, group: string, at: Place, diagnostics: Diagnostics): ConfigNumber[] {
  const all = balancersOf(template);
  const rules = ofType(template, `${elbTypes}ListenerRule`).filter(([, rule]) => mentions(rule, group));
  const listeners = ofType(template, `${elbTypes}Listener`).filter(
    ([name, one]) => mentions(one, group) || rules.some(([, rule]) => mentions(rule, name)),
  );
  const forwarding = all.filter(([name]) => listeners.some(([, one]) => mentions(one, name)));
  if (all.length === 0) return [ms(idleKey, 60_000, at, "AWS's default")];
  return (forwarding.length > 0 ? forwarding : all).flatMap(([, balancer]) => idleTimeOf(balancer, diagnostics));
}

/** A template without ECS tasks may document settings in its outputs: NAME=value pairs and a StopTimeout. */
function appsFromOutputs(outputs: Tree, externalSettings: SettingValues, diagnostics: Diagnostics): App[] {
  const values = entries(outputs).flatMap(([name, output]): ConfigText[] => {
    const found = get(output, "Value");
    const words = text(found);
    return found === undefined || words === undefined ? [] : [{ name, text: words, at: found.at }];
  });
  const settingValues = new Map<string, SettingValue>();
  for (const { text: words, at } of values) {
    for (const [, name = "", value = ""] of words.matchAll(/(?:^|\s)([A-Z][A-Z0-9_]+)=(\S*)/g))
      if (isSetting(name)) settingValues.set(name, { text: value, at });
  }
  const stop = values.find(({ name, text: words }) => name === "StopTimeout" && /^\d+$/.test(words));
  if (settingValues.size === 0) return [];
  const at = [...settingValues.values()][0]?.at ?? outputs.at;
  return [
    {
      name: "the instances that the outputs describe",
      platform: "ecs",
      at,
      settings: resolveSettings(new Map([...externalSettings, ...settingValues]), at, diagnostics),
      gracePeriod: stop && ms("StopTimeout", Number(stop.text) * 1000, stop.at),
      preStop: undefined,
      stopSignal: undefined,
      probes: [],
      replicas: undefined,
      heap: undefined,
      memory: undefined,
      database: undefined,
    },
  ];
}

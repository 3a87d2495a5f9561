import {
  type App,
  type Front,
  known,
  ms,
  nothingKnown,
  type Place,
  type Prober,
  type Seen,
  type Told,
} from "../facts.ts";
import { type Files, type Ledger, readWanted, Unreadable } from "../source.ts";
import { tasksOf } from "./ecs-task.ts";
import { albNotice } from "./load-balancer.ts";
import { type Given, type GivenSettings, isSetting, settingsFrom } from "./settings.ts";
import { attributeOf, inSeconds, mentions, resolved, toldBy } from "./template-values.ts";
import { entries, get, parseYaml, type Tree, text } from "./yaml.ts";

/** A template whose references to parameters with a default are replaced by it. */
export type Template = { file: string; resources: readonly (readonly [string, Tree])[] };

const elb = "AWS::ElasticLoadBalancingV2::";

type Finder = { ledger: Ledger };

export const ofType = ({ resources }: Template, type: string): (readonly [string, Tree])[] =>
  resources.filter(([, resource]) => text(resource, "Type") === type);

export function readCloudFormation(
  files: Files,
  path: string,
  outside: GivenSettings,
  ledger: Ledger,
): { template: Template; apps: App[]; fronts: Front[] } {
  const file = files.shown(path);
  const [top] = parseYaml(readWanted(files, path), file);
  // A piece of one, as documentation shows it: the resources alone.
  const piece = entries(top).some(([, tree]) => text(tree, "Type")?.startsWith("AWS::"));
  const resources = get(top, "Resources") ?? (piece ? top : undefined);
  if (resources === undefined)
    throw new Unreadable({ file, line: 1 }, "is no CloudFormation template: it has no Resources");
  const parameters = get(top, "Parameters");
  const template: Template = {
    file,
    resources: entries(resources).map(([name, tree]) => [name, resolved(tree, parameters)] as const),
  };
  const outputs = resolved(
    get(top, "Outputs") ?? { kind: "map", at: { file, line: 1 }, entries: new Map() },
    parameters,
  );
  const tasks = tasksOf(ofType(template, "AWS::ECS::TaskDefinition"), outside, ledger);
  const told = outputsOf(outputs, outside, ledger);
  const groups = ofType(template, `${elb}TargetGroup`);
  const fronts =
    groups.length > 0
      ? groups.flatMap((group) => frontOf(group, template, ledger))
      : balancersOf(template).map((balancer) => balancerAlone(balancer, { ledger }));
  return { template, apps: tasks.length > 0 ? tasks : told, fronts };
}

/** Those for HTTP. */
const balancersOf = (template: Template): (readonly [string, Tree])[] =>
  ofType(template, `${elb}LoadBalancer`).filter(
    ([, one]) => !/^(?:network|gateway)$/.test(text(one, "Properties", "Type") ?? ""),
  );

/** Whose target groups are elsewhere: how long it waits is known all the same. */
function balancerAlone([, balancer]: readonly [string, Tree], finder: Finder): Front {
  const idle = idleTimeOf(balancer, finder);
  return { ...nothingKnown, name: "the ALB", kind: "alb", at: balancer.at, idle, reads: idle };
}

const idleKey = "idle_timeout.timeout_seconds";

const idleTimeOf = (balancer: Tree, finder: Finder): Told[] =>
  known([
    inSeconds(toldBy(attributeOf(balancer, "LoadBalancerAttributes", idleKey), idleKey, 60, balancer.at, finder)),
  ]);

function frontOf([name, group]: readonly [string, Tree], template: Template, ledger: Ledger): Front[] {
  const properties = get(group, "Properties") ?? group;
  const protocol = text(properties, "Protocol") ?? "HTTP";
  if (!/^HTTPS?$/.test(protocol)) {
    ledger.note(
      get(properties, "Protocol")?.at ?? group.at,
      `a target group of ${protocol}: only HTTP and HTTPS are understood`,
    );
    return [];
  }
  const at = group.at;
  const finder = { ledger };
  const seconds = (name: string, initial: number) =>
    inSeconds(toldBy(get(properties, name), name, initial, at, finder));
  const interval = seconds("HealthCheckIntervalSeconds", 30);
  const timeout = seconds("HealthCheckTimeoutSeconds", 5);
  const unhealthy = toldBy(get(properties, "UnhealthyThresholdCount"), "UnhealthyThresholdCount", 2, at, finder);
  const delay = attributeOf(group, "TargetGroupAttributes", "deregistration_delay.timeout_seconds");
  const idle = idleOf(template, name, at, finder);
  return [
    {
      ...nothingKnown,
      name: "the ALB",
      kind: "alb",
      at,
      idle,
      reads: idle,
      notices: known([albNotice(interval, unhealthy, timeout, "error")]),
      checks: [checkOf(properties, at, interval, timeout, ledger)],
      releases: known([inSeconds(toldBy(delay, "deregistration_delay.timeout_seconds", 300, delay?.at ?? at, finder))]),
    },
  ];
}

function checkOf(
  properties: Tree,
  at: Place,
  interval: Told | undefined,
  timeout: Told | undefined,
  ledger: Ledger,
): Prober {
  const path = get(properties, "HealthCheckPath");
  if (path !== undefined && text(path) === undefined)
    ledger.note(path.at, "HealthCheckPath: its value is not known before the template is used");
  const overTcp = text(properties, "HealthCheckProtocol") === "TCP";
  return {
    name: "the ALB's health check",
    purpose: "ready",
    at: path?.at ?? at,
    path: overTcp
      ? undefined
      : { name: "HealthCheckPath", text: text(path) ?? (path === undefined ? "/" : "a function"), at: path?.at ?? at },
    opaque: path !== undefined && text(path) === undefined,
    timeout,
    interval,
  };
}

/** Of the load balancers whose listeners lead to this group; of all, where none is seen to. */
function idleOf(template: Template, group: string, at: Place, finder: Finder): Told[] {
  const all = balancersOf(template);
  const rules = ofType(template, `${elb}ListenerRule`).filter(([, rule]) => mentions(rule, group));
  const listeners = ofType(template, `${elb}Listener`).filter(
    ([name, one]) => mentions(one, group) || rules.some(([, rule]) => mentions(rule, name)),
  );
  const leading = all.filter(([name]) => listeners.some(([, one]) => mentions(one, name)));
  if (all.length === 0) return [ms(idleKey, 60_000, at, "AWS's default")];
  return (leading.length > 0 ? leading : all).flatMap(([, balancer]) => idleTimeOf(balancer, finder));
}

/** Without a task the template may still say what goes with it: an output of settings, NAME=value, and a StopTimeout. */
function outputsOf(outputs: Tree, outside: GivenSettings, ledger: Ledger): App[] {
  const values = entries(outputs).flatMap(([name, output]): Seen[] => {
    const found = get(output, "Value");
    const words = text(found);
    return found === undefined || words === undefined ? [] : [{ name, text: words, at: found.at }];
  });
  const own = new Map<string, Given>();
  for (const { text: words, at } of values) {
    for (const [, name = "", value = ""] of words.matchAll(/(?:^|\s)([A-Z][A-Z0-9_]+)=(\S*)/g))
      if (isSetting(name)) own.set(name, { text: value, at });
  }
  const stop = values.find(({ name, text: words }) => name === "StopTimeout" && /^\d+$/.test(words));
  if (own.size === 0) return [];
  const at = [...own.values()][0]?.at ?? outputs.at;
  return [
    {
      name: "the instances that the outputs speak of",
      platform: "ecs",
      at,
      settings: settingsFrom(new Map([...outside, ...own]), at, ledger),
      grace: stop && ms("StopTimeout", Number(stop.text) * 1000, stop.at),
      preStop: undefined,
      stopSignal: undefined,
      probers: [],
      replicas: undefined,
      heap: undefined,
      memory: undefined,
      database: undefined,
    },
  ];
}

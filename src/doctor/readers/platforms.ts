import { type App, count, known, type Place, type Prober } from "../facts.ts";
import { type Files, type Ledger, readWanted, Unreadable } from "../source.ts";
import { heapOf, placed } from "./container.ts";
import { type Given, type GivenSettings, settingsFrom } from "./settings.ts";
import { toldCount, toldSeconds, toldSize } from "./told.ts";
import { entries, get, list, parseYaml, type Tree, text } from "./yaml.ts";

// Render and Railway: platforms whose balancer is their own affair, so what is left is how long they wait, and memory.

const renderPlans: Readonly<Record<string, number>> = {
  free: 0.5,
  starter: 0.5,
  standard: 2,
  pro: 4,
  "pro plus": 8,
  "pro max": 16,
  "pro ultra": 32,
};

const memoryOfPlan = (plan: string): number | undefined => {
  const gigabytes = renderPlans[plan];
  return gigabytes === undefined ? undefined : gigabytes * 1024 ** 3;
};

export function readRender(files: Files, path: string, outside: GivenSettings, ledger: Ledger): App[] {
  const file = files.shown(path);
  const [top] = parseYaml(readWanted(files, path), file);
  if (get(top, "services") === undefined)
    throw new Unreadable({ file, line: 1 }, "is no Blueprint of Render: it has no services");
  const groups = new Map(list(top, "envVarGroups").map((group) => [text(group, "name") ?? "", group]));
  return list(top, "services")
    .filter((service) => text(service, "type") === "web" && text(service, "runtime") !== "static")
    .map((service) => renderApp(service, groups, outside, ledger));
}

function renderApp(service: Tree, groups: ReadonlyMap<string, Tree>, outside: GivenSettings, ledger: Ledger): App {
  const variables = list(service, "envVars").flatMap((one) => {
    const group = text(one, "fromGroup");
    return group === undefined ? [one] : list(groups.get(group), "envVars");
  });
  const own = new Map<string, Given>(
    variables.map((one) => [text(one, "key") ?? "", { text: text(one, "value"), at: get(one, "value")?.at ?? one.at }]),
  );
  const given = new Map([...outside, ...own]);
  const delay = { name: "maxShutdownDelaySeconds", initial: 30_000, at: service.at, origin: "Render's default" };
  const plan = get(service, "plan");
  return {
    name: text(service, "name") ?? "the web service",
    platform: "render",
    at: service.at,
    settings: settingsFrom(given, get(service, "envVars")?.at ?? service.at, ledger),
    grace: toldSeconds(get(service, delay.name), delay, ledger),
    preStop: undefined,
    stopSignal: undefined,
    probers: proberOf(get(service, "healthCheckPath")),
    replicas: twice(
      [get(service, "scaling", "maxInstances") ?? get(service, "numInstances")],
      service.at,
      "Render's default",
      ledger,
    ),
    heap: heapOf(given, [], ledger),
    memory: toldSize(plan, `memory of the plan ${text(plan) ?? ""}`, memoryOfPlan, ledger),
    database: undefined,
  };
}

/** Render's own times are its own affair; what it asks is not. */
const proberOf = (path: Tree | undefined): Prober[] =>
  path === undefined
    ? []
    : [
        {
          name: "Render's health check",
          purpose: "ready",
          at: path.at,
          path: placed("healthCheckPath", text(path) ?? "/", path.at),
          opaque: text(path) === undefined,
          timeout: undefined,
          interval: undefined,
        },
      ];

/** While a new version starts the old one still runs, all of it. Regions count together. */
function twice(trees: readonly (Tree | undefined)[], at: Place, origin: string, ledger: Ledger): App["replicas"] {
  const name = "instances";
  const each = trees.map((one) => toldCount(one, { name, initial: 1, at, origin }, ledger));
  const all = known(each);
  if (all.length < each.length) return undefined;
  const value = all.reduce((sum, one) => sum + one.value, 0);
  const first = all.find((one) => one.origin === undefined);
  const instances = count(name, value, first?.at ?? at, first === undefined ? origin : undefined);
  const surge = count("instances of the new version", value, instances.at, "a release runs both");
  return { least: instances, most: instances, surge };
}

export function readRailway(files: Files, path: string, outside: GivenSettings, ledger: Ledger): App[] {
  const file = files.shown(path);
  const source = readWanted(files, path);
  if (path.endsWith(".toml")) throw new Unreadable({ file, line: 1 }, "is TOML: hand over railway.json");
  const [top] = parseYaml(source, file);
  const deploy = get(top, "deploy");
  if (deploy === undefined) throw new Unreadable({ file, line: 1 }, "is no railway.json: it has no deploy");
  for (const [name, tree] of entries(top, "environments"))
    ledger.note(tree.at, `Railway: the environment ${name} is not followed`);
  const draining = { name: "drainingSeconds", initial: 0, at: deploy.at, origin: "Railway's default" };
  const regions = entries(deploy, "multiRegionConfig").map(([, region]) => get(region, "numReplicas"));
  const instances = twice(
    regions.length > 0 ? regions : [get(deploy, "numReplicas")],
    deploy.at,
    draining.origin,
    ledger,
  );
  return [
    {
      name: "the Railway service",
      platform: "railway",
      at: deploy.at,
      settings: settingsFrom(outside, deploy.at, ledger),
      grace: toldSeconds(get(deploy, draining.name), draining, ledger),
      preStop: undefined,
      stopSignal: undefined,
      probers: [],
      replicas: instances,
      heap: heapOf(outside, [], ledger),
      memory: undefined,
      database: undefined,
    },
  ];
}

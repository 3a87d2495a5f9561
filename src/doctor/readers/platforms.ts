import { type App, count, ms, type Place, type Prober } from "../facts.ts";
import { type Files, type Ledger, readWanted, Unreadable } from "../source.ts";
import { heapOf, placed } from "./container.ts";
import { type Given, type GivenSettings, settingsFrom } from "./settings.ts";
import { entries, get, list, number, parseYaml, type Tree, text } from "./yaml.ts";

// Render and Railway: platforms whose balancer is their own affair, so what is left is how long they wait, and memory.

const renderPlans: Readonly<Record<string, number>> = {
  starter: 0.5,
  standard: 2,
  pro: 4,
  "pro plus": 8,
  "pro max": 16,
  "pro ultra": 32,
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
  const delay = get(service, "maxShutdownDelaySeconds");
  const options = own.get("NODE_OPTIONS");
  const plan = get(service, "plan");
  const gigabytes = renderPlans[text(plan) ?? ""];
  return {
    name: text(service, "name") ?? "the web service",
    platform: "render",
    at: service.at,
    settings: settingsFrom(new Map([...outside, ...own]), get(service, "envVars")?.at ?? service.at, ledger),
    grace: ms(
      "maxShutdownDelaySeconds",
      (number(delay) ?? 30) * 1000,
      delay?.at ?? service.at,
      delay === undefined ? "Render's default" : undefined,
    ),
    preStop: undefined,
    stopSignal: undefined,
    probers: proberOf(get(service, "healthCheckPath")),
    replicas: twice(
      [get(service, "scaling", "maxInstances") ?? get(service, "numInstances")],
      service.at,
      "Render's default",
    ),
    heap: heapOf(options?.text === undefined ? [] : [placed("NODE_OPTIONS", options.text, options.at)], ledger),
    memory:
      gigabytes === undefined || plan === undefined
        ? undefined
        : { name: `memory of the plan ${text(plan)}`, value: gigabytes * 1024 ** 3, unit: "bytes", at: plan.at },
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
function twice(trees: readonly (Tree | undefined)[], at: Place, origin: string): App["replicas"] {
  const tree = trees.find((one) => one !== undefined);
  const value = trees.reduce((sum, one) => sum + (number(one) ?? 1), 0);
  const instances = count("instances", value, tree?.at ?? at, tree === undefined ? origin : undefined);
  return {
    least: instances,
    most: instances,
    surge: count("instances of the new version", value, tree?.at ?? at, "a release runs both"),
  };
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
  const draining = get(deploy, "drainingSeconds");
  const regions = entries(deploy, "multiRegionConfig").map(([, region]) => get(region, "numReplicas"));
  const instances = twice(regions.length > 0 ? regions : [get(deploy, "numReplicas")], deploy.at, "Railway's default");
  return [
    {
      name: "the Railway service",
      platform: "railway",
      at: deploy.at,
      settings: settingsFrom(outside, deploy.at, ledger),
      grace: ms(
        "drainingSeconds",
        (number(draining) ?? 0) * 1000,
        draining?.at ?? deploy.at,
        draining === undefined ? "Railway's default" : undefined,
      ),
      preStop: undefined,
      stopSignal: undefined,
      probers: [],
      replicas: instances,
      heap: undefined,
      memory: undefined,
    },
  ];
}

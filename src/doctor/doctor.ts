import { type App, count, type Front, type Told } from "./facts.ts";
import { readBundles } from "./readers/bundles.ts";
import { readCloudFormation } from "./readers/cloudformation.ts";
import { readCompose } from "./readers/compose.ts";
import { heapOf } from "./readers/container.ts";
import { readHaproxy } from "./readers/haproxy.ts";
import { haproxyFronts } from "./readers/haproxy-front.ts";
import { frontsOf } from "./readers/ingress.ts";
import { readKubernetes } from "./readers/kubernetes.ts";
import type { Live } from "./readers/live.ts";
import { readNginx } from "./readers/nginx.ts";
import { nginxFront } from "./readers/nginx-front.ts";
import { readRailway, readRender } from "./readers/platforms.ts";
import { readOperator, readPrometheus } from "./readers/prometheus.ts";
import { type GivenSettings, settingsFrom } from "./readers/settings.ts";
import { type Finding, judge } from "./rule.ts";
import { allRules } from "./rules/all.ts";
import type { PlacedFront, Setup } from "./setup.ts";
import { createLedger, type Files, type Ledger, Unreadable } from "./source.ts";

/** Which files belong to one set-up, by kind. */
export type Paths = {
  nginx?: readonly string[] | undefined;
  haproxy?: readonly string[] | undefined;
  k8s?: readonly string[] | undefined;
  compose?: readonly string[] | undefined;
  alb?: readonly string[] | undefined;
  render?: readonly string[] | undefined;
  railway?: readonly string[] | undefined;
  prometheus?: readonly string[] | undefined;
};

export type Request = {
  setups: readonly Paths[];
  settings: GivenSettings;
  /** Where a setting would be written that nobody has. */
  settingsFile: string;
  /** `max_connections`, where the person knows better than the files. */
  maxConnections?: Told | undefined;
  live?: Live | undefined;
};

export type Diagnosis = {
  findings: readonly Finding[];
  notUnderstood: Ledger["notes"];
  unreadable: Ledger["notes"];
};

type World = { files: Files; stdin(): string; ledger: Ledger };

export function diagnose(request: Request, files: Files, stdin: () => string, ledger = createLedger()): Diagnosis {
  const world = { files, stdin, ledger };
  const setups = request.setups.flatMap((paths) => setupsOf(paths, request, world));
  if (request.live !== undefined) setups.push(liveSetup(request, request.live, ledger));
  return { findings: judge(allRules, setups), notUnderstood: ledger.notes, unreadable: ledger.unreadable };
}

/** Reads each path; one that cannot be read is told, and the others are judged all the same. */
function each<T>(paths: readonly string[] | undefined, ledger: Ledger, read: (path: string) => T): T[] {
  return (paths ?? []).flatMap((path) => {
    try {
      return [read(path)];
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      ledger.unread(error.at, error.message);
      return [];
    }
  });
}

function setupsOf(paths: Paths, { settings, settingsFile, maxConnections }: Request, world: World): Setup[] {
  const { files, ledger, stdin } = world;
  const nginx = each(paths.nginx, ledger, (path) => readNginx(files, path, ledger));
  const haproxy = each(paths.haproxy, ledger, (path) => readHaproxy(files, path, ledger));
  const proxies = [
    ...nginx.flatMap((one) => nginxFront(one, ledger) ?? []),
    ...haproxy.flatMap((one) => haproxyFronts(one, ledger)),
  ];
  const hosts = proxies.flatMap((front) => front.hosts);
  const compose = each(paths.compose, ledger, (path) => readCompose(files, path, { outside: settings, hosts, ledger }));
  const templates = each(paths.alb, ledger, (path) => readCloudFormation(files, path, settings, ledger));
  const render = each(paths.render, ledger, (path) => readRender(files, path, settings, ledger)).flat();
  const railway = each(paths.railway, ledger, (path) => readRailway(files, path, settings, ledger)).flat();
  const monitoring = each(paths.prometheus, ledger, (path) => readPrometheus(files, path, ledger));
  const bundles = each(paths.k8s, ledger, (path) => readBundles(files, path, stdin, ledger)).flat();

  const plain = plainApp(settings, settingsFile, ledger);
  const outside = [
    ...compose.flatMap(({ apps }) => apps),
    ...templates.flatMap(({ apps }) => apps),
    ...render,
    ...railway,
  ];
  const balancers = templates.flatMap(({ fronts, apps }) => fronts.map((front) => ({ front, near: apps })));
  const known = maxConnections === undefined ? [] : [maxConnections];

  const clusters = bundles.map((bundle) => ({
    ...readKubernetes(bundle, settings, ledger),
    fronts: frontsOf(bundle, ledger),
    monitoring: readOperator(bundle.objects, ledger),
  }));
  const podsOf = clusters.flatMap(({ apps }) => apps);
  // A cluster's own ways in lead to its own pods. What is outside leads to whom it names, else to all that is there.
  const everybody = [...outside, ...podsOf];
  const rest: Setup = {
    apps: everybody.length === 0 ? [alone(plain)] : outside,
    fronts: [
      ...proxies.map((front) => placed(front, [], everybody, plain)),
      ...balancers.map(({ front, near }) => placed(front, near, everybody, plain)),
    ],
    databases: [...known, ...compose.flatMap(({ databases }) => databases)],
    nginx,
    haproxy,
    kubernetes: [],
    compose: compose.map((one) => one.compose),
    templates: templates.map(({ template }) => template),
    monitoring,
    live: undefined,
  };
  const inside = clusters.map(
    ({ apps, databases, fronts, kubernetes, monitoring: operator }): Setup => ({
      apps,
      fronts: fronts.map((front) => placed(front, apps, apps, plain)),
      databases: [...known, ...databases],
      nginx: [],
      haproxy: [],
      kubernetes: [kubernetes],
      compose: [],
      templates: [],
      monitoring: [operator],
      live: undefined,
    }),
  );
  return [rest, ...inside];
}

/** How many there are nobody said: one, at least. */
function alone(app: App): App {
  const one = count("instances", 1, app.at, "at least");
  return { ...app, replicas: { least: one, most: one, surge: count("instances more", 0, app.at, "at least") } };
}

function placed(front: Front, near: readonly App[], everybody: readonly App[], plain: App): PlacedFront {
  const named = everybody.filter(({ name }) => front.hosts.includes(name));
  const apps = [near, named, everybody, [plain]].find((some) => some.length > 0) ?? [plain];
  return { front, apps };
}

function liveSetup({ settings, settingsFile }: Request, live: Live, ledger: Ledger): Setup {
  const none = {
    fronts: [],
    databases: [],
    nginx: [],
    haproxy: [],
    kubernetes: [],
    compose: [],
    templates: [],
    monitoring: [],
  };
  return { ...none, apps: [plainApp(settings, settingsFile, ledger)], live };
}

/** The application as its settings alone describe it. */
function plainApp(settings: GivenSettings, file: string, ledger: Ledger): App {
  const at = { file, line: 1 };
  return {
    name: "the application",
    platform: "settings",
    at,
    settings: settingsFrom(settings, at, ledger),
    grace: undefined,
    preStop: undefined,
    stopSignal: undefined,
    probers: [],
    replicas: undefined,
    heap: heapOf(settings, [], ledger),
    memory: undefined,
    database: undefined,
  };
}

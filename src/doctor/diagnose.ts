import type { ConnectedLoadBalancer, Deployment } from "./deployment.ts";
import { type App, type ConfigNumber, count, type LoadBalancer } from "./facts.ts";
import { resolveSettings, type SettingValues } from "./readers/application-settings.ts";
import { readCloudFormation } from "./readers/cloudformation/cloudformation.ts";
import { readCompose } from "./readers/compose/compose.ts";
import { heapOf } from "./readers/container.ts";
import { readHaproxy } from "./readers/haproxy/haproxy.ts";
import { haproxyLoadBalancers } from "./readers/haproxy/haproxy-load-balancer.ts";
import { loadBalancersOf } from "./readers/kubernetes/ingress.ts";
import { readKubernetes } from "./readers/kubernetes/kubernetes.ts";
import { readManifests } from "./readers/kubernetes/manifests.ts";
import { readNginx } from "./readers/nginx/nginx.ts";
import { nginxLoadBalancer } from "./readers/nginx/nginx-load-balancer.ts";
import { readRailway, readRender } from "./readers/platforms/platforms.ts";
import { readOperator, readPrometheus } from "./readers/prometheus/prometheus.ts";
import type { RunningInstance } from "./readers/running-instance.ts";
import { type Finding, runRules } from "./rule.ts";
import { allRules } from "./rules/all-rules.ts";
import { createDiagnostics, type Diagnostics, type Files, UnreadableError } from "./source.ts";

/** Which files belong to one set-up, by kind. */
export type ConfigPaths = {
  nginx?: readonly string[] | undefined;
  haproxy?: readonly string[] | undefined;
  k8s?: readonly string[] | undefined;
  compose?: readonly string[] | undefined;
  alb?: readonly string[] | undefined;
  render?: readonly string[] | undefined;
  railway?: readonly string[] | undefined;
  prometheus?: readonly string[] | undefined;
};

export type DiagnosisRequest = {
  deployments: readonly ConfigPaths[];
  settings: SettingValues;
  /** Where a setting would be written that nobody has. */
  settingsFile: string;
  /** `max_connections`, where the person knows better than the files. */
  maxConnections?: ConfigNumber | undefined;
  live?: RunningInstance | undefined;
};

export type Diagnosis = {
  findings: readonly Finding[];
  notUnderstood: Diagnostics["notes"];
  unreadable: Diagnostics["notes"];
};

type ReadContext = { files: Files; stdin(): string; diagnostics: Diagnostics };

export function diagnose(
  request: DiagnosisRequest,
  files: Files,
  stdin: () => string,
  diagnostics = createDiagnostics(),
): Diagnosis {
  const context = { files, stdin, diagnostics };
  const deployments = request.deployments.flatMap((paths) => deploymentsOf(paths, request, context));
  if (request.live !== undefined) deployments.push(liveDeployment(request, request.live, diagnostics));
  return {
    findings: runRules(allRules, deployments),
    notUnderstood: diagnostics.notes,
    unreadable: diagnostics.unreadable,
  };
}

/** Reads each path; one that cannot be read is told, and the others are judged all the same. */
function readEach<T>(paths: readonly string[] | undefined, diagnostics: Diagnostics, read: (path: string) => T): T[] {
  return (paths ?? []).flatMap((path) => {
    try {
      return [read(path)];
    } catch (error) {
      if (!(error instanceof UnreadableError)) throw error;
      diagnostics.addUnreadable(error.at, error.message);
      return [];
    }
  });
}

function deploymentsOf(
  paths: ConfigPaths,
  { settings, settingsFile, maxConnections }: DiagnosisRequest,
  context: ReadContext,
): Deployment[] {
  const { files, diagnostics, stdin } = context;
  const nginx = readEach(paths.nginx, diagnostics, (path) => readNginx(files, path, diagnostics));
  const haproxy = readEach(paths.haproxy, diagnostics, (path) => readHaproxy(files, path, diagnostics));
  const proxies = [
    ...nginx.flatMap((one) => nginxLoadBalancer(one, diagnostics) ?? []),
    ...haproxy.flatMap((one) => haproxyLoadBalancers(one, diagnostics)),
  ];
  const hosts = proxies.flatMap((loadBalancer) => loadBalancer.hosts);
  const compose = readEach(paths.compose, diagnostics, (path) =>
    readCompose(files, path, { externalSettings: settings, hosts, diagnostics }),
  );
  const templates = readEach(paths.alb, diagnostics, (path) => readCloudFormation(files, path, settings, diagnostics));
  const render = readEach(paths.render, diagnostics, (path) => readRender(files, path, settings, diagnostics)).flat();
  const railway = readEach(paths.railway, diagnostics, (path) =>
    readRailway(files, path, settings, diagnostics),
  ).flat();
  const monitoring = readEach(paths.prometheus, diagnostics, (path) => readPrometheus(files, path, diagnostics));
  const manifestSets = readEach(paths.k8s, diagnostics, (path) =>
    readManifests(files, path, stdin, diagnostics),
  ).flat();

  const plain = plainApp(settings, settingsFile, diagnostics);
  const externalSettings = [
    ...compose.flatMap(({ apps }) => apps),
    ...templates.flatMap(({ apps }) => apps),
    ...render,
    ...railway,
  ];
  const balancers = templates.flatMap(({ loadBalancers, apps }) =>
    loadBalancers.map((loadBalancer) => ({ loadBalancer, nearApps: apps })),
  );
  const known = maxConnections === undefined ? [] : [maxConnections];

  const clusters = manifestSets.map((manifests) => ({
    ...readKubernetes(manifests, settings, diagnostics),
    loadBalancers: loadBalancersOf(manifests, diagnostics),
    monitoring: readOperator(manifests.objects, diagnostics),
  }));
  const podsOf = clusters.flatMap(({ apps }) => apps);
  // A cluster's own ways in lead to its own pods. What is outside leads to whom it names, else to all that is there.
  const allApps = [...externalSettings, ...podsOf];
  const rest: Deployment = {
    apps: allApps.length === 0 ? [singleInstance(plain)] : externalSettings,
    loadBalancers: [
      ...proxies.map((loadBalancer) => connect(loadBalancer, [], allApps, plain)),
      ...balancers.map(({ loadBalancer, nearApps }) => connect(loadBalancer, nearApps, allApps, plain)),
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
    ({ apps, databases, loadBalancers, kubernetes, monitoring: operator }): Deployment => ({
      apps,
      loadBalancers: loadBalancers.map((loadBalancer) => connect(loadBalancer, apps, apps, plain)),
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
function singleInstance(app: App): App {
  const one = count("instances", 1, app.at, "at least");
  return { ...app, replicas: { min: one, max: one, surge: count("instances more", 0, app.at, "at least") } };
}

function connect(
  loadBalancer: LoadBalancer,
  nearApps: readonly App[],
  allApps: readonly App[],
  plain: App,
): ConnectedLoadBalancer {
  const namedApps = allApps.filter(({ name }) => loadBalancer.hosts.includes(name));
  const apps = [nearApps, namedApps, allApps, [plain]].find((some) => some.length > 0) ?? [plain];
  return { loadBalancer, apps };
}

function liveDeployment(
  { settings, settingsFile }: DiagnosisRequest,
  live: RunningInstance,
  diagnostics: Diagnostics,
): Deployment {
  const none = {
    loadBalancers: [],
    databases: [],
    nginx: [],
    haproxy: [],
    kubernetes: [],
    compose: [],
    templates: [],
    monitoring: [],
  };
  return { ...none, apps: [plainApp(settings, settingsFile, diagnostics)], live };
}

/** The application as its settings alone describe it. */
function plainApp(settings: SettingValues, file: string, diagnostics: Diagnostics): App {
  const at = { file, line: 1 };
  return {
    name: "the application",
    platform: "settings",
    at,
    settings: resolveSettings(settings, at, diagnostics),
    grace: undefined,
    preStop: undefined,
    stopSignal: undefined,
    probes: [],
    replicas: undefined,
    heap: heapOf(settings, [], diagnostics),
    memory: undefined,
    database: undefined,
  };
}

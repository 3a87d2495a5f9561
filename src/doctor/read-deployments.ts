import { type Diagnostics, readEach } from "./diagnostics.ts";
import type { App } from "./facts/app.ts";
import { type ConfigNumber, count } from "./facts/config-values.ts";
import type { ConnectedLoadBalancer, Deployment } from "./facts/deployment.ts";
import type { LoadBalancer } from "./facts/load-balancer.ts";
import type { Versions } from "./facts/versions.ts";
import { applicationVariable, resolveSettings, type SettingValues } from "./readers/application-settings.ts";
import { readCloudFormation } from "./readers/cloudformation/cloudformation.ts";
import { readCompose } from "./readers/compose/compose.ts";
import { heapOf } from "./readers/container.ts";
import { readHaproxy } from "./readers/haproxy/haproxy.ts";
import { haproxyLoadBalancers } from "./readers/haproxy/haproxy-load-balancer.ts";
import { loadBalancersOf } from "./readers/kubernetes/ingress.ts";
import { readKubernetes } from "./readers/kubernetes/kubernetes.ts";
import { type ManifestSources, type Manifests, readManifests } from "./readers/kubernetes/manifests.ts";
import { readNginx } from "./readers/nginx/nginx.ts";
import { nginxLoadBalancer } from "./readers/nginx/nginx-load-balancer.ts";
import { type PgBouncer, readPgBouncer } from "./readers/pgbouncer/pgbouncer.ts";
import { readRailway } from "./readers/platforms/railway.ts";
import { readRender } from "./readers/platforms/render.ts";
import { versionsOf } from "./readers/program-versions.ts";
import { readOperator, readPrometheus } from "./readers/prometheus/prometheus.ts";
import type { RunningInstance } from "./readers/running-instance.ts";

/** The kinds of files that the doctor reads. Each kind is also the name of a command-line option. */
export const configKinds = [
  "nginx",
  "haproxy",
  "k8s",
  "compose",
  "alb",
  "render",
  "railway",
  "prometheus",
  "pgbouncer",
] as const;

export type ConfigKind = (typeof configKinds)[number];

/** The files of one deployment, by the option that names them. */
export type ConfigPaths = { [Kind in ConfigKind]?: readonly string[] | undefined };

export type Sources = ManifestSources;

type Application = {
  settings: SettingValues;
  settingsFile: string;
  maxConnections: ConfigNumber | undefined;
  versions: Versions;
};

const emptyDeployment: Deployment = {
  apps: [],
  loadBalancers: [],
  databases: [],
  poolers: [],
  nginx: [],
  haproxy: [],
  kubernetes: [],
  compose: [],
  templates: [],
  monitoring: [],
  versions: {},
  live: undefined,
};

/** Returns one deployment for everything outside of a cluster, and one for each set of manifests. */
export function readDeployments(paths: ConfigPaths, application: Application, sources: Sources): Deployment[] {
  const { files, diagnostics } = sources;
  const { settings, maxConnections } = application;
  const nginx = readEach(paths.nginx, diagnostics, (path) => readNginx(files, path, diagnostics));
  const haproxy = readEach(paths.haproxy, diagnostics, (path) => readHaproxy(files, path, diagnostics));
  const proxies = [
    ...nginx.flatMap((one) => nginxLoadBalancer(one, diagnostics) ?? []),
    ...haproxy.flatMap((one) => haproxyLoadBalancers(one, diagnostics)),
  ];
  const hosts = proxies.flatMap((proxy) => proxy.hosts);
  const compose = readEach(paths.compose, diagnostics, (path) =>
    readCompose(files, path, { externalSettings: settings, hosts, diagnostics }),
  );
  const templates = readEach(paths.alb, diagnostics, (path) => readCloudFormation(files, path, settings, diagnostics));
  const render = readEach(paths.render, diagnostics, (path) => readRender(files, path, settings, diagnostics));
  const railway = readEach(paths.railway, diagnostics, (path) => readRailway(files, path, settings, diagnostics));
  const monitoring = readEach(paths.prometheus, diagnostics, (path) => readPrometheus(files, path, diagnostics));
  const poolers = readEach(paths.pgbouncer, diagnostics, (path) => readPgBouncer(files, path, diagnostics));
  const manifestSets = readEach(paths.k8s, diagnostics, (path) => readManifests(path, sources)).flat();
  const databaseLimits = maxConnections === undefined ? [] : [maxConnections];

  const versions = versionsOf(
    compose.map((one) => one.compose),
    manifestSets,
    application.versions,
  );
  const clusters = manifestSets.map((manifests) =>
    readCluster(manifests, poolers, { ...application, versions }, diagnostics),
  );
  const appsOutsideClusters = [
    ...[...compose, ...templates].flatMap(({ apps }) => apps),
    ...render.flat(),
    ...railway.flat(),
  ];
  const allApps = [...appsOutsideClusters, ...clusters.flatMap(({ apps }) => apps)];
  const appWithoutFile = appFromSettings(application, diagnostics);
  const outsideClusters: Deployment = {
    ...emptyDeployment,
    apps: allApps.length === 0 ? [singleInstance(appWithoutFile)] : appsOutsideClusters,
    loadBalancers: [
      ...proxies.map((loadBalancer) => connect(loadBalancer, [], allApps, appWithoutFile)),
      ...templates.flatMap(({ loadBalancers, apps }) =>
        loadBalancers.map((loadBalancer) => connect(loadBalancer, apps, allApps, appWithoutFile)),
      ),
    ],
    databases: [...databaseLimits, ...compose.flatMap(({ databases }) => databases)],
    poolers,
    nginx,
    haproxy,
    compose: compose.map((one) => one.compose),
    templates: templates.map(({ template }) => template),
    monitoring,
    versions,
  };
  return [outsideClusters, ...clusters];
}

/** Reads a set of manifests. Its load balancers forward requests to the pods of the same set. */
function readCluster(
  manifests: Manifests,
  poolers: readonly PgBouncer[],
  application: Application,
  diagnostics: Diagnostics,
): Deployment {
  const { settings, maxConnections } = application;
  const { apps, databases, kubernetes } = readKubernetes(manifests, settings, diagnostics);
  const appWithoutFile = appFromSettings(application, diagnostics);
  return {
    ...emptyDeployment,
    apps,
    loadBalancers: loadBalancersOf(manifests, diagnostics).map((one) => connect(one, apps, apps, appWithoutFile)),
    databases: [...(maxConnections === undefined ? [] : [maxConnections]), ...databases],
    poolers,
    kubernetes: [kubernetes],
    monitoring: [readOperator(manifests.objects, diagnostics)],
    versions: application.versions,
  };
}

/** Assumes one instance where no file sets the number. */
function singleInstance(app: App): App {
  const instances = count("instances", 1, app.at, "at least");
  return {
    ...app,
    replicas: { min: instances, max: instances, surge: count("additional instances", 0, app.at, "at least") },
  };
}

/** Connects a load balancer with the apps of the same file, else with the apps that it names, else with all apps. */
function connect(
  loadBalancer: LoadBalancer,
  appsOfSameFile: readonly App[],
  allApps: readonly App[],
  appWithoutFile: App,
): ConnectedLoadBalancer {
  const namedApps = allApps.filter(({ name }) => loadBalancer.hosts.includes(name));
  const apps = [appsOfSameFile, namedApps, allApps].find((some) => some.length > 0) ?? [appWithoutFile];
  return { loadBalancer, apps };
}

export const deploymentOfRunningInstance = (
  live: RunningInstance,
  { settings, ...application }: Application,
  diagnostics: Diagnostics,
): Deployment => {
  const haven = new Map([[applicationVariable, { text: "haven", at: live.at }]]);
  const known = { ...application, settings: new Map([...settings, ...haven]) };
  return { ...emptyDeployment, apps: [appFromSettings(known, diagnostics)], live };
};

/** Returns the application with these settings, for a deployment in which no file starts it. */
function appFromSettings({ settings, settingsFile }: Application, diagnostics: Diagnostics): App {
  const at = { file: settingsFile, line: 1 };
  return {
    name: "the application",
    platform: "settings",
    at,
    settings: resolveSettings(settings, at, diagnostics),
    gracePeriod: undefined,
    preStop: undefined,
    stopSignal: undefined,
    probes: [],
    replicas: undefined,
    heap: heapOf(settings, [], diagnostics),
    memory: undefined,
    database: undefined,
  };
}

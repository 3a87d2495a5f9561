import type { Place } from "./config-values.ts";

// Facts that hold from a certain version of a program on, and the range of versions that is assumed if no file states
// the version.

export type Program = "nginx" | "haproxy" | "kubernetes" | "prometheus";
export const programs: readonly Program[] = ["nginx", "haproxy", "kubernetes", "prometheus"];

export type Version = readonly number[];
export type KnownVersion = { version: Version; at: Place };
/** The versions that `--versions`, the doctor's configuration file or the tags of images state. */
export type Versions = Readonly<Partial<Record<Program, KnownVersion>>>;

/** The oldest and the newest version that distributions and vendors supported in November 2026. */
const supported: Readonly<Record<Program, { oldest: Version; newest: Version }>> = {
  nginx: { oldest: [1, 22, 1], newest: [1, 31, 0] },
  haproxy: { oldest: [2, 6], newest: [3, 3] },
  kubernetes: { oldest: [1, 32], newest: [1, 35] },
  prometheus: { oldest: [2, 42], newest: [3, 8] },
};

export type VersionFact = { program: Program; since: Version; text: string };

const fact = (program: Program, since: string, text: string): VersionFact => ({
  program,
  since: parseVersion(since) ?? [],
  text,
});

export const versionFacts = {
  nginxSticky: fact("nginx", "1.29.6", "`sticky` is in open-source NGINX"),
  nginxKeepAlive: fact("nginx", "1.29.7", "upstreams keep 32 idle connections without `keepalive`"),
  nginxResolve: fact("nginx", "1.27.3", "`resolve` of an upstream server is in open-source NGINX"),
  nginxHttp2: fact("nginx", "1.25.1", "`http2` is a directive"),
  haproxyNoReqrep: fact("haproxy", "2.1", "reqrep, rspadd and the other keywords of this family are removed"),
  haproxyNoOldTimeouts: fact("haproxy", "2.1", "clitimeout, contimeout and srvtimeout are removed"),
  haproxyNoNbproc: fact("haproxy", "2.5", "nbproc and bind-process are removed"),
  kubernetesSidecars: fact("kubernetes", "1.29", "an init container with restartPolicy Always is a sidecar"),
  kubernetesPreStopSleep: fact("kubernetes", "1.30", "`preStop.sleep` is on by default"),
  kubernetesNoExtensions: fact(
    "kubernetes",
    "1.16",
    "workloads of extensions/v1beta1, apps/v1beta1 and apps/v1beta2 are removed",
  ),
  kubernetesNoOldIngress: fact(
    "kubernetes",
    "1.22",
    "Ingress of extensions/v1beta1 and networking.k8s.io/v1beta1 is removed",
  ),
  kubernetesNoPolicyOrBatchBeta: fact("kubernetes", "1.25", "policy/v1beta1 and batch/v1beta1 are removed"),
  kubernetesNoAutoscalingBeta: fact("kubernetes", "1.26", "autoscaling/v2beta1 and autoscaling/v2beta2 are removed"),
  prometheusNoHoltWinters: fact("prometheus", "3.0", "holt_winters is named double_exponential_smoothing"),
} as const satisfies Readonly<Record<string, VersionFact>>;

/** Parses `1.29`, `v3.5.0` and `1.27.3-alpine`. A major version alone is not enough. */
export function parseVersion(text: string): Version | undefined {
  const [, numbers] = /^v?(\d+\.\d+(?:\.\d+)?)(?:[-_+].*)?$/.exec(text.trim()) ?? [];
  return numbers?.split(".").map(Number);
}

export const versionText = (version: Version): string => version.join(".");

/** A version without a third number covers all of its releases, so only its first two numbers are compared. */
function isAtLeast(version: Version, since: Version): boolean {
  const length = Math.min(version.length, since.length);
  for (let index = 0; index < length; index++) {
    const [one, other] = [version[index] ?? 0, since[index] ?? 0];
    if (one !== other) return one > other;
  }
  return true;
}

/** Returns whether the fact holds: always, never, or only for some of the versions in question. */
export function holdsIn({ program, since }: VersionFact, known: KnownVersion | undefined): "yes" | "no" | "depends" {
  const { oldest, newest } = supported[program];
  const versions = known === undefined ? [oldest, newest] : [known.version];
  const answers = new Set(versions.map((version) => isAtLeast(version, since)));
  if (answers.size > 1) return "depends";
  return answers.has(true) ? "yes" : "no";
}

const programNames: Readonly<Record<Program, string>> = {
  nginx: "nginx",
  haproxy: "HAProxy",
  kubernetes: "Kubernetes",
  prometheus: "Prometheus",
};

export const versionsSince = ({ program, since }: VersionFact): string =>
  `${programNames[program]} ${versionText(since)} and later`;
export const versionsBefore = ({ program, since }: VersionFact): string =>
  `${programNames[program]} before ${versionText(since)}`;

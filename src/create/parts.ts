export const parts = ["nginx", "haproxy", "docker", "compose", "kubernetes", "monitoring", "cloud", "ci"] as const;
export type Part = (typeof parts)[number];

export const partDescriptions: Readonly<Record<Part, string>> = {
  nginx: "NGINX in front of three instances, with variants",
  haproxy: "HAProxy in front of three instances, with a drain script",
  docker: "a Dockerfile and its health check",
  compose: "Compose files with Postgres, Redis, both proxies and the monitoring",
  kubernetes: "a kustomize base and overlays",
  monitoring: "Prometheus rules with tests, Alertmanager, Grafana dashboards",
  cloud: "AWS, Google Cloud, Render and Railway",
  ci: "a GitHub workflow that runs all checks and tests",
};

/** The parts whose files another part uses: Compose mounts the files of the proxies and of Prometheus. */
const needs: Readonly<Partial<Record<Part, readonly Part[]>>> = {
  compose: ["docker", "nginx", "haproxy", "monitoring"],
};

export const isPart = (word: string): word is Part => (parts as readonly string[]).includes(word);

/** Returns the chosen parts and the parts that they need, in the order of `parts`. */
export function withNeeds(chosen: Iterable<Part>): readonly Part[] {
  const all = new Set([...chosen].flatMap((part) => [part, ...(needs[part] ?? [])]));
  return parts.filter((part) => all.has(part));
}

/** Returns the part that contains a file, or undefined for a file that every project gets. */
export function partOf(path: string): Part | undefined {
  return owners.find(([pattern]) => pattern.test(path))?.[1];
}

/** The first pattern that matches a path decides. */
const owners: readonly (readonly [RegExp, Part])[] = [
  [/^docker\/(?:Dockerfile|healthcheck\.js|\.gitignore)$|^\.dockerignore$/, "docker"],
  [/^docker\/|^docs\/docker\.md$/, "compose"],
  [/^nginx\//, "nginx"],
  [/^haproxy\//, "haproxy"],
  [/^k8s\/|^docs\/kubernetes\.md$/, "kubernetes"],
  [/^monitoring\/|^docs\/(?:monitoring|runbook)\.md$/, "monitoring"],
  [/^cloud\/|^docs\/cloud\.md$/, "cloud"],
  [/^\.github\/|^\.ci\/|^renovate\.json$/, "ci"],
];

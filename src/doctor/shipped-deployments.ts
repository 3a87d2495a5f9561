import { join } from "node:path";
import type { Files } from "./files.ts";
import type { ConfigPaths } from "./read-deployments.ts";

/** The configurations that ship with Haven, in `folder`: one entry for each set of files that run together. */
export function shippedDeployments(files: Files, folder: string): ConfigPaths[] {
  const there = (...names: readonly string[]) =>
    names.map((name) => join(folder, name)).filter((path) => files.kind(path) !== "none");
  const nginx = there("nginx/nginx.conf");
  const all: ConfigPaths[] = [
    { nginx },
    { haproxy: there("haproxy/haproxy.cfg") },
    { k8s: there("k8s") },
    ...there("docker/docker-compose.lb.yml", "docker/docker-compose.scale.yml").map((file) => ({
      compose: [file],
      nginx,
    })),
    { alb: there("cloud/aws/alb.yaml") },
    { render: there("cloud/render/render.yaml") },
    { railway: there("cloud/railway/railway.json") },
    ...there("monitoring/prometheus.yml", "monitoring/prometheus.scale.yml").map((file) => ({ prometheus: [file] })),
  ];
  return all.filter((paths) => Object.values(paths).some((list) => (list?.length ?? 0) > 0));
}

import { join } from "node:path";
import type { Files } from "../files.ts";
import type { ConfigPaths } from "../read-deployments.ts";

/** Returns the configurations that ship with Haven, in `folder`: one entry for each set of files that run together. */
export function shippedDeployments(files: Files, folder: string): ConfigPaths[] {
  const existing = (...names: readonly string[]) =>
    names.map((name) => join(folder, name)).filter((path) => files.kind(path) !== "none");
  const nginx = existing("nginx/nginx.conf");
  const all: ConfigPaths[] = [
    { nginx },
    { haproxy: existing("haproxy/haproxy.cfg") },
    { k8s: existing("k8s/overlays") },
    ...existing("docker/docker-compose.lb.yml", "docker/docker-compose.scale.yml").map((file) => ({
      compose: [file],
      nginx,
    })),
    { alb: existing("cloud/aws/alb.yaml") },
    { render: existing("cloud/render/render.yaml") },
    { railway: existing("cloud/railway/railway.json") },
    ...existing("monitoring/prometheus.yml", "monitoring/prometheus.scale.yml").map((file) => ({ prometheus: [file] })),
  ];
  return all.filter((paths) => Object.values(paths).some((list) => (list?.length ?? 0) > 0));
}

import { count, type Told } from "../facts.ts";
import type { Bundle } from "./bundles.ts";
import { imageName, isPostgresImage, maxConnectionsOf } from "./container.ts";
import type { Workload } from "./kubernetes.ts";
import { named, namespaceOf, near, podOf } from "./objects.ts";
import { givenTo } from "./pod-environment.ts";
import type { GivenSettings } from "./settings.ts";
import { entries, get, list, number, type Tree, text } from "./yaml.ts";

/** `max_connections` of each Postgres in a cluster: as an argument, in a postgresql.conf, or in CloudNativePG's words. */
export const databasesOf = (bundle: Bundle): Told[] =>
  bundle.objects.flatMap((object) => [...operated(object), ...contained(object, bundle)]);

function operated(object: Tree): Told[] {
  const found = get(object, "spec", "postgresql", "parameters", "max_connections");
  const value = number(found);
  return text(object, "kind") !== "Cluster" || found === undefined || value === undefined
    ? []
    : [count("max_connections", value, found.at)];
}

function contained(object: Tree, bundle: Bundle): Told[] {
  return list(podOf(object), "containers").flatMap((container) => {
    if (!isPostgresImage(text(container, "image") ?? "")) return [];
    const command = [...list(container, "command"), ...list(container, "args")];
    const given = givenTo({ container, workload: object }, bundle, new Map());
    const files = near(named(bundle.objects, "ConfigMap"), object)
      .flatMap((one) => entries(one, "data"))
      .map(([, value]) => ({ at: value.at, text: (text(value) ?? "").replaceAll(/^\s*#.*$/gm, "") }));
    return [maxConnectionsOf(command, given, files, get(container, "image")?.at ?? container.at)];
  });
}

/** By its address where that is known, else the only one there is, else the same for the same program. */
export function databaseUsedBy({ object, container }: Workload, given: GivenSettings, bundle: Bundle): string {
  const url = given.get("DATABASE_URL")?.text ?? "";
  const host = /^postgres(?:ql)?:\/\/(?:[^@/]*@)?([^/?]+)/.exec(url)?.[1];
  if (host !== undefined) return host;
  const only = databasesOf(bundle).length === 1;
  return `${namespaceOf(object) ?? ""} ${only ? "" : imageName(text(container, "image") ?? "")}`;
}

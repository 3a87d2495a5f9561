import type { Diagnostics } from "../../diagnostics.ts";
import { defined } from "../../facts/config-values.ts";
import type { SettingValues } from "../application-settings.ts";
import { imageName, isPostgresImage } from "../container.ts";
import { type ConnectionLimit, containerConnectionLimit, firstLimit, linesOf, parseLimit } from "../postgres-limit.ts";
import { entries, get, list, type Tree, text } from "../yaml-tree.ts";
import { inNamespaceOf, namespaceOf, objectsOfKind, podOf, type Workload } from "./cluster-objects.ts";
import type { Manifests } from "./manifests.ts";
import { containerEnvironment } from "./pod-environment.ts";

/** `max_connections` of each Postgres in a cluster: an argument, a postgresql.conf, or a CloudNativePG resource. */
export function databasesOf(manifests: Manifests, diagnostics: Diagnostics): ConnectionLimit[] {
  const found = manifests.objects.flatMap((object) => [
    ...operatorLimits(object, diagnostics),
    ...containersOf(object).map((container) => containerLimit(container, object, manifests, diagnostics)),
  ]);
  return found.length > 0 ? found : configMapLimits(manifests, diagnostics);
}

const containersOf = (object: Tree): Tree[] =>
  list(podOf(object), "containers").filter((container) => isPostgresImage(text(container, "image") ?? ""));

/** Reads the limits of ConfigMaps with a postgresql.conf, for a Postgres that is defined elsewhere. */
function configMapLimits({ objects }: Manifests, diagnostics: Diagnostics): ConnectionLimit[] {
  const files = objectsOfKind(objects, "ConfigMap")
    .flatMap((map) => entries(map, "data"))
    .filter(([name]) => /^postgres(?:ql)?\.conf$/.test(name));
  return defined(files.map(([, tree]) => firstLimit(linesOf(tree), diagnostics)));
}

function operatorLimits(object: Tree, diagnostics: Diagnostics): ConnectionLimit[] {
  const found = get(object, "spec", "postgresql", "parameters", "max_connections");
  return text(object, "kind") !== "Cluster" || found === undefined
    ? []
    : [parseLimit(text(found), found.at, diagnostics)];
}

function containerLimit(
  container: Tree,
  object: Tree,
  manifests: Manifests,
  diagnostics: Diagnostics,
): ConnectionLimit {
  const files = inNamespaceOf(objectsOfKind(manifests.objects, "ConfigMap"), object)
    .flatMap((one) => entries(one, "data"))
    .flatMap(([, tree]) => linesOf(tree));
  return containerConnectionLimit(
    {
      command: [...list(container, "command"), ...list(container, "args")],
      environment: containerEnvironment({ container, workload: object }, manifests, new Map()),
      files,
      at: get(container, "image")?.at ?? container.at,
    },
    diagnostics,
  );
}

/**
 * Returns a key that is the same for workloads that use the same database: the host of the database. If the host is
 * unknown and the files define exactly one Postgres, the key is the namespace. Otherwise it is namespace and image.
 */
export function databaseUsedBy(
  { object, container }: Workload,
  environment: SettingValues,
  { objects }: Manifests,
): string {
  const url = environment.get("DATABASE_URL")?.text ?? "";
  const host = /^postgres(?:ql)?:\/\/(?:[^@/]*@)?([^/?]+)/.exec(url)?.[1];
  if (host !== undefined) return host;
  const isOnlyPostgres = objects.flatMap(containersOf).length === 1;
  return `${namespaceOf(object) ?? ""} ${isOnlyPostgres ? "" : imageName(text(container, "image") ?? "")}`;
}

import { count, type Seen, type Told } from "../facts.ts";
import type { Bundle } from "./bundles.ts";
import { imageName, isPostgresImage, maxConnectionsIn, maxConnectionsOf } from "./container.ts";
import type { Workload } from "./kubernetes.ts";
import { named, namespaceOf, near, podOf } from "./objects.ts";
import { givenTo } from "./pod-environment.ts";
import type { GivenSettings } from "./settings.ts";
import { entries, get, list, number, type Tree, text } from "./yaml.ts";

/** `max_connections` of each Postgres in a cluster: as an argument, in a postgresql.conf, or in CloudNativePG's words. */
export function databasesOf(bundle: Bundle): Told[] {
  const found = bundle.objects.flatMap((object) => [...operated(object), ...contained(object, bundle)]);
  return found.length > 0 ? found : configured(bundle);
}

/** A postgresql.conf for a Postgres that is started elsewhere. */
const configured = ({ objects }: Bundle): Told[] =>
  named(objects, "ConfigMap")
    .flatMap((map) => entries(map, "data"))
    .filter(([name]) => /^postgres(?:ql)?\.conf$/.test(name))
    .flatMap(([, tree]) => linesOf(tree))
    .flatMap(({ text: line, at }) => {
      const value = maxConnectionsIn(line);
      return value === undefined ? [] : [count("max_connections", value, at)];
    });

/** The lines of a text that are no comments, each at its place: a block begins on the line before its first. */
function linesOf(tree: Tree): Pick<Seen, "text" | "at">[] {
  const { file, line } = tree.at;
  const lines = (text(tree) ?? "").split("\n");
  return lines
    .map((one, index) => ({ text: one, at: { file, line: lines.length > 1 ? line + 1 + index : line } }))
    .filter((one) => !/^\s*#/.test(one.text));
}

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
      .flatMap(([, tree]) => linesOf(tree));
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

import { count, type Told } from "../facts.ts";
import type { Bundle } from "./bundles.ts";
import { isPostgresImage, maxConnectionsOf } from "./container.ts";
import { named, near, podOf } from "./objects.ts";
import { entries, get, list, number, type Tree, text } from "./yaml.ts";

/** `max_connections` of each Postgres in a cluster: as an argument, in a postgresql.conf, or in CloudNativePG's words. */
export const databasesOf = ({ objects }: Bundle): Told[] =>
  objects.flatMap((object) => [...operated(object), ...contained(object, objects)]);

function operated(object: Tree): Told[] {
  const found = get(object, "spec", "postgresql", "parameters", "max_connections");
  const value = number(found);
  return text(object, "kind") !== "Cluster" || found === undefined || value === undefined
    ? []
    : [count("max_connections", value, found.at)];
}

function contained(object: Tree, objects: readonly Tree[]): Told[] {
  return list(podOf(object), "containers").flatMap((container) => {
    if (!isPostgresImage(text(container, "image") ?? "")) return [];
    const lines = [...list(container, "args"), ...list(container, "command")];
    const words = lines.map((line, index) => ({
      at: line.at,
      text: `${text(lines[index - 1]) ?? ""} ${text(line) ?? ""}`,
    }));
    const files = near(named(objects, "ConfigMap"), object)
      .flatMap((one) => entries(one, "data"))
      .map(([, value]) => ({ at: value.at, text: (text(value) ?? "").replaceAll(/^\s*#.*$/gm, "") }));
    for (const one of [...words, ...files]) {
      const value = maxConnectionsOf(one.text);
      if (value !== undefined) return [count("max_connections", value, one.at)];
    }
    return [count("max_connections", 100, get(container, "image")?.at ?? container.at, "Postgres' default")];
  });
}

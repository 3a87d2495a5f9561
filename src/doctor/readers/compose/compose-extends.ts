import { dirname, join, normalize } from "node:path";
import type { Diagnostics } from "../../diagnostics.ts";
import { type Files, readRequiredFile } from "../../files.ts";
import { get, parseYaml, type Tree, text } from "../yaml-tree.ts";

type ExtendsContext = { files: Files; diagnostics: Diagnostics };
/** A parsed Compose file and its path. */
type Source = { path: string; top: Tree | undefined };

const maxDepth = 10;
/** Lists that replace the list of the base service. All other lists are appended. */
const replacedLists = new Set(["command", "entrypoint", "test"]);

/** Merges a service with the services that it names in `extends`. */
export function applyExtends(service: Tree, source: Source, context: ExtendsContext, depth = 0): Tree {
  const reference = get(service, "extends");
  const serviceName = text(reference) ?? text(reference, "service");
  if (reference === undefined || serviceName === undefined) return service;
  const file = text(reference, "file");
  const path = file === undefined ? source.path : normalize(join(dirname(source.path), file));
  if (context.files.kind(path) !== "file") {
    context.diagnostics.addNote(reference.at, `Compose: extends ${file ?? ""}: not found, so its content is unknown`);
    return service;
  }
  const baseSource =
    file === undefined
      ? source
      : { path, top: parseYaml(readRequiredFile(context.files, path), context.files.displayPath(path))[0] };
  const base = get(baseSource.top, "services", serviceName);
  if (base === undefined || depth > maxDepth) {
    const problem = base === undefined ? "does not exist" : "extends itself";
    context.diagnostics.addNote(reference.at, `Compose: extends: the service ${serviceName} ${problem}`);
    return service;
  }
  return mergeTrees(applyExtends(base, baseSource, context, depth + 1), service);
}

function mergeTrees(base: Tree, own: Tree, name = ""): Tree {
  if (base.kind === "list" && own.kind === "list" && !replacedLists.has(name))
    return { ...own, items: [...base.items, ...own.items] };
  if (base.kind !== "map" || own.kind !== "map") return own;
  const entries = new Map(base.entries);
  for (const [key, value] of own.entries) {
    const baseValue = base.entries.get(key);
    entries.set(key, baseValue === undefined ? value : mergeTrees(baseValue, value, key));
  }
  entries.delete("extends");
  return { ...own, entries };
}

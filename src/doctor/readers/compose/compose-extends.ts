import { dirname, join, normalize } from "node:path";
import type { Diagnostics } from "../../diagnostics.ts";
import { type Files, readRequiredFile } from "../../files.ts";
import { get, parseYaml, type Tree, text } from "../yaml-tree.ts";

type From = { files: Files; diagnostics: Diagnostics };
/** A parsed Compose file and its path. */
type Source = { path: string; top: Tree | undefined };

const maxDepth = 10;
/** Lists that replace the list of the base service. All other lists are appended. */
const replacing = new Set(["command", "entrypoint", "test"]);

/** Merges a service with the services that it names in `extends`. */
export function extended(service: Tree, source: Source, from: From, depth = 0): Tree {
  const reference = get(service, "extends");
  const wanted = text(reference) ?? text(reference, "service");
  if (reference === undefined || wanted === undefined) return service;
  const file = text(reference, "file");
  const path = file === undefined ? source.path : normalize(join(dirname(source.path), file));
  if (from.files.kind(path) !== "file") {
    from.diagnostics.addNote(reference.at, `Compose: extends ${file ?? ""}: not found, so its content is unknown`);
    return service;
  }
  const other =
    file === undefined
      ? source
      : { path, top: parseYaml(readRequiredFile(from.files, path), from.files.displayPath(path))[0] };
  const base = get(other.top, "services", wanted);
  if (base === undefined || depth > maxDepth) {
    const why = base === undefined ? "does not exist" : "extends itself";
    from.diagnostics.addNote(reference.at, `Compose: extends: the service ${wanted} ${why}`);
    return service;
  }
  return merged(extended(base, other, from, depth + 1), service);
}

function merged(base: Tree, own: Tree, name = ""): Tree {
  if (base.kind === "list" && own.kind === "list" && !replacing.has(name))
    return { ...own, items: [...base.items, ...own.items] };
  if (base.kind !== "map" || own.kind !== "map") return own;
  const entries = new Map(base.entries);
  for (const [key, value] of own.entries) {
    const before = base.entries.get(key);
    entries.set(key, before === undefined ? value : merged(before, value, key));
  }
  entries.delete("extends");
  return { ...own, entries };
}

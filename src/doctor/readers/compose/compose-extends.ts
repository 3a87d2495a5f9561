import { dirname, join, normalize } from "node:path";
import type { Diagnostics } from "../../diagnostics.ts";
import { type Files, readRequiredFile } from "../../files.ts";
import { get, parseYaml, type Tree, text } from "../yaml-tree.ts";

type From = { files: Files; diagnostics: Diagnostics };
/** A Compose file, by its path. */
type Source = { path: string; top: Tree | undefined };

const maxDepth = 10;
/** What replaces, where every other list adds. */
const replacing = new Set(["command", "entrypoint", "test"]);

/** A service with what it takes up from others by `extends`. */
export function extended(service: Tree, source: Source, from: From, depth = 0): Tree {
  const reference = get(service, "extends");
  const wanted = text(reference) ?? text(reference, "service");
  if (reference === undefined || wanted === undefined) return service;
  const file = text(reference, "file");
  const path = file === undefined ? source.path : normalize(join(dirname(source.path), file));
  if (from.files.kind(path) !== "file") {
    from.diagnostics.addNote(reference.at, `Compose: extends ${file ?? ""}: not found, so what it says is not known`);
    return service;
  }
  const other =
    file === undefined
      ? source
      : { path, top: parseYaml(readRequiredFile(from.files, path), from.files.displayPath(path))[0] };
  const base = get(other.top, "services", wanted);
  if (base === undefined || depth > maxDepth) {
    const why = base === undefined ? "is not there" : "takes itself up";
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

import { basename, dirname, join, normalize } from "node:path";
import { type Files, type Ledger, readWanted, Unreadable } from "../source.ts";
import { expanded, foldersTakenUp, kustomizationIn, kustomizationNames, kustomize } from "./kustomize.ts";
import { parseYaml, type Tree } from "./yaml.ts";

/** Objects that are applied together. */
export type Bundle = { name: string; objects: readonly Tree[] };

const mostFiles = 2000;
const deepest = 12;

/** A file, a kustomization, a folder of either kind, or a stream. */
export function readBundles(files: Files, path: string, stdin: () => string, ledger: Ledger): Bundle[] {
  if (path === "-") return [{ name: "stdin", objects: objectsOf(stdin(), "stdin") }];
  if (files.kind(path) !== "folder") {
    if (kustomizationNames.includes(basename(path)) && files.kind(path) === "file") {
      const folder = dirname(path);
      return [{ name: files.shown(folder), objects: kustomize(files, folder, ledger) }];
    }
    return [{ name: files.shown(path), objects: objectsOf(readWanted(files, path), files.shown(path)) }];
  }
  if (kustomizationIn(files, path) !== undefined)
    return [{ name: files.shown(path), objects: kustomize(files, path, ledger) }];
  return folderOf(files, path, ledger);
}

const isYaml = (name: string): boolean => /\.(?:ya?ml|json)$/.test(name);

/** Each kustomization that no other takes up is what somebody applies; files beside them belong together. */
function folderOf(files: Files, path: string, ledger: Ledger): Bundle[] {
  const plain: string[] = [];
  const kustomized: string[] = [];
  let seen = 0;
  walk(path, 0);
  const takenUp = new Set(
    kustomized.flatMap((folder) => foldersTakenUp(files, kustomizationIn(files, folder) ?? folder)),
  );
  const applied = kustomized.filter((folder) => !takenUp.has(normalize(folder)));
  if (plain.length + applied.length === 0)
    throw new Unreadable({ file: files.shown(path), line: 1 }, "is a folder without a YAML file");
  const bundles = applied.map((folder) => ({ name: files.shown(folder), objects: kustomize(files, folder, ledger) }));
  if (plain.length === 0) return bundles;
  const objects = plain.flatMap((file) => {
    try {
      return parseYaml(readWanted(files, file), files.shown(file)).flatMap(expanded);
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      ledger.unread(error.at, error.message);
      return [];
    }
  });
  return [...bundles, { name: files.shown(path), objects }];

  function walk(folder: string, depth: number): void {
    if (depth > deepest) return;
    if (kustomizationIn(files, folder) !== undefined) kustomized.push(folder);
    for (const name of files.list(folder)) {
      if (++seen > mostFiles)
        throw new Unreadable({ file: files.shown(path), line: 1 }, `holds more than ${mostFiles} files`);
      const inner = join(folder, name);
      const kind = files.kind(inner);
      if (kind === "folder" && !name.startsWith(".") && name !== "node_modules") walk(inner, depth + 1);
      if (kind === "file" && isYaml(name) && kustomizationIn(files, folder) === undefined) plain.push(inner);
    }
  }
}

function objectsOf(source: string, file: string): Tree[] {
  const objects = parseYaml(source, file).flatMap(expanded);
  if (!objects.some((object) => object.kind === "map" && object.entries.has("kind")))
    throw new Unreadable({ file, line: 1 }, "holds no object of Kubernetes (apiVersion, kind)");
  return objects;
}

import { basename, dirname, join, normalize } from "node:path";
import { type Diagnostics, type Files, readRequiredFile, UnreadableError } from "../../source.ts";
import { parseYaml, type Tree } from "../yaml-tree.ts";
import { expandLists, foldersTakenUp, kustomizationIn, kustomizationNames, kustomize } from "./kustomize.ts";

/** Objects that are applied together. */
export type Manifests = { name: string; objects: readonly Tree[] };

const maxFiles = 2000;
const maxDepth = 12;

/** A file, a kustomization, a folder of either kind, or a stream. */
export function readManifests(files: Files, path: string, stdin: () => string, diagnostics: Diagnostics): Manifests[] {
  if (path === "-") return [{ name: "stdin", objects: objectsOf(stdin(), "stdin") }];
  if (files.kind(path) !== "folder") {
    if (kustomizationNames.includes(basename(path)) && files.kind(path) === "file") {
      const folder = dirname(path);
      return [{ name: files.displayPath(folder), objects: kustomize(files, folder, diagnostics) }];
    }
    return [
      { name: files.displayPath(path), objects: objectsOf(readRequiredFile(files, path), files.displayPath(path)) },
    ];
  }
  if (kustomizationIn(files, path) !== undefined)
    return [{ name: files.displayPath(path), objects: kustomize(files, path, diagnostics) }];
  return folderOf(files, path, diagnostics);
}

const isYaml = (name: string): boolean => /\.(?:ya?ml|json)$/.test(name);

/** Each kustomization that no other takes up is what somebody applies; files beside them belong together. */
function folderOf(files: Files, path: string, diagnostics: Diagnostics): Manifests[] {
  const plain: string[] = [];
  const kustomized: string[] = [];
  let seen = 0;
  walk(path, 0);
  const takenUp = new Set(
    kustomized.flatMap((folder) => foldersTakenUp(files, kustomizationIn(files, folder) ?? folder)),
  );
  const applied = kustomized.filter((folder) => !takenUp.has(normalize(folder)));
  if (plain.length + applied.length === 0)
    throw new UnreadableError({ file: files.displayPath(path), line: 1 }, "is a folder without a YAML file");
  const manifestSets = applied.map((folder) => ({
    name: files.displayPath(folder),
    objects: kustomize(files, folder, diagnostics),
  }));
  if (plain.length === 0) return manifestSets;
  const objects = plain.flatMap((file) => {
    try {
      return parseYaml(readRequiredFile(files, file), files.displayPath(file)).flatMap(expandLists);
    } catch (error) {
      if (!(error instanceof UnreadableError)) throw error;
      diagnostics.addUnreadable(error.at, error.message);
      return [];
    }
  });
  return [...manifestSets, { name: files.displayPath(path), objects }];

  function walk(folder: string, depth: number): void {
    if (depth > maxDepth) return;
    if (kustomizationIn(files, folder) !== undefined) kustomized.push(folder);
    for (const name of files.list(folder)) {
      if (++seen > maxFiles)
        throw new UnreadableError({ file: files.displayPath(path), line: 1 }, `holds more than ${maxFiles} files`);
      const inner = join(folder, name);
      const kind = files.kind(inner);
      if (kind === "folder" && !name.startsWith(".") && name !== "node_modules") walk(inner, depth + 1);
      if (kind === "file" && isYaml(name) && kustomizationIn(files, folder) === undefined) plain.push(inner);
    }
  }
}

function objectsOf(source: string, file: string): Tree[] {
  const objects = parseYaml(source, file).flatMap(expandLists);
  if (!objects.some((object) => object.kind === "map" && object.entries.has("kind")))
    throw new UnreadableError({ file, line: 1 }, "holds no object of Kubernetes (apiVersion, kind)");
  return objects;
}

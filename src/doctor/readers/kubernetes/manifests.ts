import { basename, dirname, join, normalize } from "node:path";
import { type Diagnostics, readEach, UnreadableError } from "../../diagnostics.ts";
import type { KnownVersion } from "../../facts/versions.ts";
import { type Files, readRequiredFile } from "../../files.ts";
import { versionInComments } from "../version-comments.ts";
import { get, list, parseYaml, type Tree, text } from "../yaml-tree.ts";
import { skipHelmChart } from "./helm.ts";
import {
  foldersReferencedBy,
  kustomizationIn,
  kustomizationNames,
  kustomizeCommand,
  type RunKustomize,
} from "./kustomize.ts";

/** Objects that are applied together. */
export type Manifests = {
  name: string;
  objects: readonly Tree[];
  /** The version of Kubernetes that a comment names. */
  version?: KnownVersion | undefined;
};

export type ManifestSources = {
  files: Files;
  readStdin: () => string;
  runKustomize: RunKustomize;
  /** How the user starts the doctor, for messages. */
  program: string;
  diagnostics: Diagnostics;
};

const maxFiles = 2000;
const maxDepth = 12;

/** Reads a file, a kustomization, a folder that holds files or kustomizations, or standard input (`-`). */
export function readManifests(path: string, sources: ManifestSources): Manifests[] {
  const { files, readStdin } = sources;
  if (path === "-") return [{ name: "stdin", objects: objectsOf(readStdin(), "stdin") }];
  if (files.kind(path) !== "folder") {
    if (kustomizationNames.includes(basename(path)) && files.kind(path) === "file")
      return renderKustomization(dirname(path), sources);
    return [manifestsOf(readRequiredFile(files, path), files.displayPath(path))];
  }
  if (kustomizationIn(files, path) !== undefined) return renderKustomization(path, sources);
  return readFolder(path, sources);
}

/** A rendered object is in no file, so its place is the command and the line of the command's output. */
function renderKustomization(
  folder: string,
  { files, runKustomize, program, diagnostics }: ManifestSources,
): Manifests[] {
  const name = files.displayPath(folder);
  const command = kustomizeCommand(name);
  const result = runKustomize(folder);
  if ("yaml" in result) return [{ name, objects: objectsOf(result.yaml, command) }];
  const file = files.displayPath(kustomizationIn(files, folder) ?? folder);
  diagnostics.addUnreadable(
    { file, line: 1 },
    `was not judged: ${result.problem}. Run: ${command} | ${program} --k8s -`,
  );
  return [];
}

const manifestsOf = (source: string, file: string): Manifests => ({
  name: file,
  objects: objectsOf(source, file),
  version: versionInComments(source, file, "kubernetes"),
});

const isYaml = (name: string): boolean => /\.(?:ya?ml|json)$/.test(name);

/**
 * Reads each kustomization as one set of objects, and all other files together as one set. Skips bases and components.
 */
function readFolder(path: string, sources: ManifestSources): Manifests[] {
  const { files, diagnostics } = sources;
  const plainFiles: string[] = [];
  const kustomizations: string[] = [];
  let fileCount = 0;
  walk(path, 0);
  const referenced = new Set(
    kustomizations.flatMap((folder) => foldersReferencedBy(files, kustomizationIn(files, folder) ?? folder)),
  );
  const applied = kustomizations.filter((folder) => !referenced.has(normalize(folder)));
  if (plainFiles.length + applied.length === 0)
    throw new UnreadableError({ file: files.displayPath(path), line: 1 }, "is a folder without a YAML file");
  const rendered = readEach(applied, diagnostics, (folder) => renderKustomization(folder, sources)).flat();
  if (plainFiles.length === 0) return rendered;
  const read = readEach(plainFiles, diagnostics, (file) => {
    const source = readRequiredFile(files, file);
    return {
      objects: parseYaml(source, files.displayPath(file)).flatMap(expandLists),
      version: versionInComments(source, files.displayPath(file), "kubernetes"),
    };
  });
  const version = read.find((one) => one.version !== undefined)?.version;
  return [...rendered, { name: files.displayPath(path), objects: read.flatMap(({ objects }) => objects), version }];

  function walk(folder: string, depth: number): void {
    if (depth > maxDepth || skipHelmChart(folder, files, diagnostics)) return;
    const hasKustomization = kustomizationIn(files, folder) !== undefined;
    if (hasKustomization) kustomizations.push(folder);
    for (const name of files.list(folder)) {
      if (++fileCount > maxFiles)
        throw new UnreadableError({ file: files.displayPath(path), line: 1 }, `holds more than ${maxFiles} files`);
      const inner = join(folder, name);
      const kind = files.kind(inner);
      if (kind === "folder" && !name.startsWith(".") && name !== "node_modules") walk(inner, depth + 1);
      if (kind === "file" && isYaml(name) && !hasKustomization) plainFiles.push(inner);
    }
  }
}

function objectsOf(source: string, file: string): Tree[] {
  const objects = parseYaml(source, file).flatMap(expandLists);
  if (!objects.some((object) => object.kind === "map" && object.entries.has("kind")))
    throw new UnreadableError({ file, line: 1 }, "holds no Kubernetes object (apiVersion, kind)");
  return objects;
}

/** Replaces a `List` by the objects in it. */
function expandLists(object: Tree): Tree[] {
  return text(object, "kind")?.endsWith("List") && get(object, "items") !== undefined
    ? list(object, "items").flatMap(expandLists)
    : [object];
}

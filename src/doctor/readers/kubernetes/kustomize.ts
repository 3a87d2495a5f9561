import { dirname, join, normalize } from "node:path";
import { type Diagnostics, type Files, readRequiredFile, UnreadableError } from "../../source.ts";
import { readDotEnv } from "../application-settings.ts";
import { entries, get, list, number, parseYaml, type Tree, type TreeMap, text } from "../yaml-tree.ts";
import { isSame, isTarget, jsonPatch, strategicMerge } from "./patch.ts";

export const kustomizationNames = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/** What changes no number that is looked at. */
const harmless = new Set([
  ...["apiVersion", "kind", "metadata", "namespace", "namePrefix", "nameSuffix", "labels", "commonLabels"],
  ...["commonAnnotations", "generatorOptions", "secretGenerator", "buildMetadata", "sortOptions", "crds"],
]);
const followed = new Set([
  ...["resources", "bases", "components", "patches", "patchesStrategicMerge", "patchesJson6902", "configMapGenerator"],
  ...["images", "replicas"],
]);
const maxDepth = 20;

export function kustomizationIn(files: Files, folder: string): string | undefined {
  const name = kustomizationNames.find((one) => files.kind(join(folder, one)) === "file");
  return name === undefined ? undefined : join(folder, name);
}

/** The folders that a kustomization takes up. */
export function foldersTakenUp(files: Files, file: string): string[] {
  const [top] = parseYaml(readRequiredFile(files, file), files.displayPath(file));
  return ["resources", "bases", "components"]
    .flatMap((name) => list(top, name))
    .flatMap((tree) => (tree.kind === "scalar" ? [normalize(join(dirname(file), tree.text))] : []));
}

/** What `kubectl kustomize` would print, as far as it is followed; the rest is noted. */
export function kustomize(files: Files, folder: string, diagnostics: Diagnostics): Tree[] {
  return build(folder, [], 0);

  function build(containing: string, before: Tree[], depth: number): Tree[] {
    const file = kustomizationIn(files, containing);
    if (file === undefined)
      throw new UnreadableError({ file: files.displayPath(containing), line: 1 }, "has no kustomization.yaml");
    const [top] = parseYaml(readRequiredFile(files, file), files.displayPath(file));
    if (top?.kind !== "map")
      throw new UnreadableError({ file: files.displayPath(file), line: 1 }, "is not a kustomization");
    if (depth > maxDepth) throw new UnreadableError(top.at, "takes itself up");
    for (const [name, { at }] of top.entries)
      if (!harmless.has(name) && !followed.has(name)) diagnostics.addNote(at, `kustomize: ${name} is not followed`);

    let objects = [
      ...before,
      ...["resources", "bases"].flatMap((name) => list(top, name)).flatMap((one) => resource(containing, one, depth)),
    ];
    for (const one of list(top, "components")) {
      if (one.kind === "scalar") objects = build(normalize(join(containing, one.text)), objects, depth + 1);
    }
    for (const one of list(top, "configMapGenerator"))
      objects = withConfigMap(files, containing, objects, one, diagnostics);
    for (const one of list(top, "patchesStrategicMerge")) objects = patched(containing, objects, one, undefined);
    for (const one of [...list(top, "patches"), ...list(top, "patchesJson6902")]) {
      const patch = get(one, "path") ?? get(one, "patch");
      if (patch !== undefined) objects = patched(containing, objects, patch, get(one, "target"));
    }
    for (const one of list(top, "images")) objects = objects.map((object) => withImage(object, one));
    for (const one of list(top, "replicas")) objects = objects.map((object) => withReplicas(object, one));
    return objects;
  }

  function resource(containing: string, one: Tree, depth: number): Tree[] {
    if (one.kind !== "scalar") return [];
    if (/^[a-z+]+:\/\/|^git@|^github\.com\/|\?ref=/.test(one.text)) {
      diagnostics.addNote(one.at, `kustomize: ${one.text.slice(0, 60)} is somewhere else and was not read`);
      return [];
    }
    const path = normalize(join(containing, one.text));
    if (files.kind(path) === "folder") return build(path, [], depth + 1);
    if (files.kind(path) === "none") throw new UnreadableError(one.at, `names ${one.text}, which does not exist`);
    return parseYaml(readRequiredFile(files, path), files.displayPath(path)).flatMap(expandLists);
  }

  function patched(containing: string, objects: readonly Tree[], source: Tree, target: Tree | undefined): Tree[] {
    const inline = source.kind === "scalar" && source.text.includes("\n");
    const file = source.kind === "scalar" ? normalize(join(containing, source.text)) : "";
    if (source.kind === "scalar" && !inline && files.kind(file) === "none")
      throw new UnreadableError(source.at, `names ${source.text}, which does not exist`);
    const patches =
      source.kind !== "scalar"
        ? [source]
        : inline
          ? parseYaml(source.text, source.at.file).map((tree) => moved(tree, source.at.line))
          : parseYaml(readRequiredFile(files, file), files.displayPath(file));
    return patches.reduce<Tree[]>((all, patch) => applied(all, patch, target, source), [...objects]);
  }

  function applied(objects: readonly Tree[], patch: Tree, target: Tree | undefined, source: Tree): Tree[] {
    const fits = (object: Tree) => (target === undefined ? isSame(object, patch) : isTarget(object, target));
    if (!objects.some(fits)) diagnostics.addNote(source.at, "kustomize: this patch fits no object");
    return objects.flatMap((object) => {
      if (!fits(object)) return [object];
      if (patch.kind !== "list") return strategicMerge(object, patch) ?? [];
      return patch.items.reduce<Tree>((result, operation) => {
        const next = jsonPatch(result, operation);
        if (next === undefined)
          diagnostics.addNote(
            operation.at,
            `kustomize: ${text(operation, "op") ?? "this"} ${text(operation, "path") ?? ""} is not followed`,
          );
        return next ?? result;
      }, object);
    });
  }
}

/** A patch inside a kustomization: its lines count from where it stands. */
function moved(tree: Tree, by: number): Tree {
  const at = { ...tree.at, line: tree.at.line + by };
  if (tree.kind === "map")
    return { ...tree, at, entries: new Map([...tree.entries].map(([name, value]) => [name, moved(value, by)])) };
  return tree.kind === "list" ? { ...tree, at, items: tree.items.map((item) => moved(item, by)) } : { ...tree, at };
}

/** A `List` is what is in it. */
export function expandLists(object: Tree): Tree[] {
  return text(object, "kind")?.endsWith("List") && get(object, "items") !== undefined
    ? list(object, "items").flatMap(expandLists)
    : [object];
}

function withConfigMap(
  files: Files,
  containing: string,
  objects: readonly Tree[],
  source: Tree,
  diagnostics: Diagnostics,
): Tree[] {
  const name = text(source, "name") ?? "";
  const behavior = text(source, "behavior") ?? "create";
  const data = new Map<string, Tree>();
  for (const one of list(source, "envs")) {
    if (one.kind !== "scalar") continue;
    const file = normalize(join(containing, one.text));
    if (files.kind(file) !== "file") throw new UnreadableError(one.at, `names ${one.text}, which does not exist`);
    for (const [key, { text: value = "", at }] of readDotEnv(
      readRequiredFile(files, file),
      files.displayPath(file),
      diagnostics,
    ))
      data.set(key, scalar(value, at));
  }
  for (const one of list(source, "literals")) {
    const [, key, value = ""] = one.kind === "scalar" ? (/^([^=]+)=(.*)$/s.exec(one.text) ?? []) : [];
    if (key !== undefined) data.set(key, scalar(value.replace(/^(["'])(.*)\1$/s, "$2"), one.at));
  }
  const is = (object: Tree) => text(object, "kind") === "ConfigMap" && text(object, "metadata", "name") === name;
  const old = objects.find(is);
  if (behavior !== "create" && old === undefined)
    diagnostics.addNote(source.at, `kustomize: there is no ConfigMap ${name} to ${behavior}`);
  if (behavior === "merge") for (const [key, value] of entries(old, "data")) if (!data.has(key)) data.set(key, value);
  return [...objects.filter((object) => !is(object)), configMap(name, data, source.at)];
}

const scalar = (value: string, at: Tree["at"]): Tree => ({ kind: "scalar", at, value, text: value });

const mapOf = (at: Tree["at"], inner: Readonly<Record<string, Tree>>): TreeMap => ({
  kind: "map",
  at,
  entries: new Map(Object.entries(inner)),
});

function configMap(name: string, data: Map<string, Tree>, at: Tree["at"]): Tree {
  return mapOf(at, {
    apiVersion: scalar("v1", at),
    kind: scalar("ConfigMap", at),
    metadata: mapOf(at, { name: scalar(name, at) }),
    data: { kind: "map", at, entries: data },
  });
}

function withImage(object: Tree, image: Tree): Tree {
  const name = text(image, "name");
  if (name === undefined) return object;
  const change = (tree: Tree, key: string): Tree => {
    if (tree.kind === "list") return { ...tree, items: tree.items.map((item) => change(item, "")) };
    if (tree.kind === "map")
      return { ...tree, entries: new Map([...tree.entries].map(([inner, value]) => [inner, change(value, inner)])) };
    if (key !== "image") return tree;
    const [, base = tree.text, tag = ""] = /^(.*?)([:@][^/]*)?$/.exec(tree.text) ?? [];
    if (base !== name) return tree;
    const newTag = get(image, "newTag") ?? get(image, "digest");
    const newest = newTag?.kind === "scalar" ? `${get(image, "digest") ? "@" : ":"}${newTag.text}` : tag;
    return scalar(`${text(image, "newName") ?? base}${newest}`, newTag?.at ?? tree.at);
  };
  return change(object, "");
}

function withReplicas(object: Tree, replicas: Tree): Tree {
  const wanted = get(replicas, "count");
  if (wanted === undefined || number(replicas, "count") === undefined) return object;
  if (text(object, "metadata", "name") !== text(replicas, "name") || get(object, "spec") === undefined) return object;
  const patch = mapOf(replicas.at, { spec: mapOf(replicas.at, { replicas: wanted }) });
  return strategicMerge(object, patch) ?? object;
}

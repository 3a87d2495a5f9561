import { entries, type Tree, text } from "../yaml-tree.ts";

/** Lists of Kubernetes whose entries are merged by a name of theirs; every other list is replaced. */
const keysOf: Readonly<Record<string, readonly string[]>> = {
  containers: ["name"],
  initContainers: ["name"],
  volumes: ["name"],
  env: ["name"],
  volumeMounts: ["mountPath"],
  ports: ["containerPort", "port"],
  topologySpreadConstraints: ["topologyKey"],
};

/** A strategic merge: what the patch says wins, the rest stays. Undefined where the patch deletes. */
export function strategicMerge(base: Tree | undefined, patch: Tree, name = ""): Tree | undefined {
  if (text(patch, "$patch") === "delete") return undefined;
  if (patch.kind === "scalar" && patch.value === null) return undefined;
  if (base?.kind === "map" && patch.kind === "map" && text(patch, "$patch") !== "replace") {
    const merged = new Map(base.entries);
    for (const [key, value] of patch.entries) {
      const result = strategicMerge(merged.get(key), value, key);
      if (result === undefined) merged.delete(key);
      else if (key !== "$patch") merged.set(key, result);
    }
    return { ...base, entries: merged };
  }
  if (base?.kind === "list" && patch.kind === "list" && keysOf[name] !== undefined) {
    const key = keysOf[name].find((one) => patch.items.some((item) => text(item, one) !== undefined));
    if (key !== undefined) return { ...base, items: mergeItems(base.items, patch.items, key) };
  }
  return patch;
}

function mergeItems(base: readonly Tree[], patches: readonly Tree[], key: string): Tree[] {
  const items = [...base];
  for (const patch of patches) {
    const index = items.findIndex((item) => text(item, key) === text(patch, key));
    const result = strategicMerge(items[index], patch);
    if (index === -1 && result !== undefined) items.push(result);
    else if (result === undefined && index !== -1) items.splice(index, 1);
    else if (result !== undefined) items[index] = result;
  }
  return items;
}

/** One operation of a JSON patch. Undefined where its path leads nowhere, or it is not add, replace or remove. */
export function jsonPatch(base: Tree, operation: Tree): Tree | undefined {
  const kind = text(operation, "op");
  const path = text(operation, "path")?.split("/").slice(1);
  const value = operation.kind === "map" ? operation.entries.get("value") : undefined;
  if (path === undefined || kind === undefined || !/^(?:add|replace|remove)$/.test(kind)) return undefined;
  if (kind !== "remove" && value === undefined) return undefined;
  return applyAt(
    base,
    path.map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~")),
    kind === "remove" ? undefined : value,
    kind,
  );
}

function applyAt(base: Tree, path: readonly string[], value: Tree | undefined, kind: string): Tree | undefined {
  const [step, ...rest] = path;
  if (step === undefined) return value;
  if (base.kind === "map") {
    const copy = new Map(base.entries);
    const before = copy.get(step);
    if (rest.length > 0) {
      const result = before === undefined ? undefined : applyAt(before, rest, value, kind);
      if (result === undefined) return undefined;
      copy.set(step, result);
    } else if (value === undefined) copy.delete(step);
    else copy.set(step, value);
    return { ...base, entries: copy };
  }
  if (base.kind !== "list") return undefined;
  const items = [...base.items];
  const index = step === "-" ? items.length : Number(step);
  if (!Number.isInteger(index) || index < 0 || index > items.length) return undefined;
  const before = items[index];
  if (rest.length > 0) {
    const result = before === undefined ? undefined : applyAt(before, rest, value, kind);
    if (result === undefined) return undefined;
    items[index] = result;
  } else items.splice(index, kind === "add" ? 0 : 1, ...(value === undefined ? [] : [value]));
  return { ...base, items };
}

export const isSame = (object: Tree, patch: Tree): boolean =>
  text(object, "kind") === text(patch, "kind") && text(object, "metadata", "name") === text(patch, "metadata", "name");

/** The target of a patch: each part may be a regular expression, as kustomize has it. */
export function isTarget(object: Tree, target: Tree): boolean {
  const wanted = [
    [text(target, "kind"), text(object, "kind")],
    [text(target, "name"), text(object, "metadata", "name")],
  ] as const;
  if (!wanted.every(([pattern, value]) => pattern === undefined || matches(pattern, value ?? ""))) return false;
  const labels = text(target, "labelSelector");
  if (labels === undefined) return true;
  const own = new Map(entries(object, "metadata", "labels"));
  return labels.split(",").every((label) => {
    const [name = "", value = ""] = label.split("=");
    const found = own.get(name.trim());
    return found?.kind === "scalar" && found.text === value.trim();
  });
}

function matches(pattern: string, value: string): boolean {
  if (pattern === value) return true;
  // A pattern of a stranger is not run on anything long.
  if (!/^[\w.*|()-]{1,60}$/.test(pattern) || /[*+]\)?[*+]|\)[*+]/.test(pattern)) return false;
  try {
    return new RegExp(`^(?:${pattern})$`).test(value.slice(0, 253));
  } catch {
    return false;
  }
}

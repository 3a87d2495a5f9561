import type { Diagnostics } from "../../diagnostics.ts";
import { type ConfigNumber, count, type Place } from "../../facts/config-values.ts";
import { get, number, type Tree, text } from "../yaml-tree.ts";

// Values in a CloudFormation template: parameter defaults, and functions that only a deployment evaluates.

const awsDefault = "AWS's default";

/** Replaces `!Ref` and `!Sub` of parameters by their defaults, with the place of the default. Keeps other functions. */
export function resolveParameters(tree: Tree, parameters: Tree | undefined): Tree {
  if (tree.kind === "map") {
    const [reference, source] = [text(tree, "Ref"), text(tree, "Fn::Sub")];
    if (reference !== undefined && tree.entries.size === 1)
      return defaultOf(reference, parameters) ?? { ...tree, tag: "!Ref" };
    if (source !== undefined && tree.entries.size === 1)
      return substituteParameters(source, tree.at, parameters) ?? tree;
    return {
      ...tree,
      entries: new Map([...tree.entries].map(([name, value]) => [name, resolveParameters(value, parameters)])),
    };
  }
  if (tree.kind === "list") return { ...tree, items: tree.items.map((item) => resolveParameters(item, parameters)) };
  if (tree.tag === "!Sub") return substituteParameters(tree.text, tree.at, parameters) ?? tree;
  return tree.tag === "!Ref" ? (defaultOf(tree.text, parameters) ?? tree) : tree;
}

const defaultOf = (name: string, parameters: Tree | undefined): Tree | undefined => get(parameters, name, "Default");

/** Returns undefined if the text refers to anything other than parameters with a default. */
function substituteParameters(source: string, at: Place, parameters: Tree | undefined): Tree | undefined {
  const parts = [...source.matchAll(/\$\{([^}!][^}]*)\}/g)].map(([whole, name = ""]) => ({
    whole,
    tree: defaultOf(name, parameters),
  }));
  if (parts.some(({ tree }) => text(tree) === undefined)) return undefined;
  const value = parts.reduce((result, { whole, tree }) => result.replace(whole, () => text(tree) ?? ""), source);
  const [only] = parts;
  return {
    kind: "scalar",
    at: only !== undefined && only.whole === source ? (only.tree?.at ?? at) : at,
    value,
    text: value,
  };
}

/** Reads a number from the template. If a function computes the value, adds a note that the value is unknown. */
export function templateNumber(
  tree: Tree | undefined,
  name: string,
  defaultValue: number,
  at: Place,
  diagnostics: Diagnostics,
): ConfigNumber | undefined {
  if (tree === undefined) return count(name, defaultValue, at, awsDefault);
  const value = number(tree);
  if (value === undefined)
    diagnostics.addNote(tree.at, `${name}: the value is not known before the template is deployed`);
  return value === undefined ? undefined : count(name, value, tree.at);
}

export const secondsToMs = (configNumber: ConfigNumber | undefined): ConfigNumber | undefined =>
  configNumber && { ...configNumber, value: configNumber.value * 1000, unit: "ms" };

/**
 * Returns the value of the attribute `key` in a list of `{ Key, Value }` pairs. If that value is unknown before a
 * deployment, because a function computes the list or a pair, returns the function.
 */
export function attributeOf(resource: Tree, field: string, key: string): Tree | undefined {
  const pairs = get(resource, "Properties", field);
  if (pairs?.kind !== "list" || pairs.tag !== undefined) return pairs;
  const found = pairs.items.find((one) => text(one, "Key") === key);
  return found === undefined ? pairs.items.find((one) => text(one, "Key") === undefined) : get(found, "Value");
}

/** Returns whether the tree contains a reference to this resource. */
export function mentions(tree: Tree | undefined, name: string): boolean {
  if (tree === undefined) return false;
  if (tree.kind === "scalar") return tree.tag === "!Ref" && tree.text === name;
  if (tree.kind === "list") return tree.items.some((item) => mentions(item, name));
  return text(get(tree, "Ref")) === name || [...tree.entries.values()].some((value) => mentions(value, name));
}

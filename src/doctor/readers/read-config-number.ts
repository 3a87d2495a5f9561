import type { Diagnostics } from "../diagnostics.ts";
import { type ConfigNumber, count, ms, type Place, size } from "../facts/config-values.ts";
import { milliseconds } from "../facts/units.ts";
import { number, type Tree, text } from "./yaml-tree.ts";

/** The default of a number, and the place where a user would set the number. */
export type NumberDefault = { name: string; value: number; at: Place; origin: string };

/** Treats YAML's null like a missing value. */
const nonNull = (tree: Tree | undefined): Tree | undefined =>
  tree?.kind === "scalar" && tree.value === null && tree.tag === undefined ? undefined : tree;

function noteUnreadableNumber(tree: Tree, name: string, expected: string, diagnostics: Diagnostics): void {
  const shown = (text(tree) ?? "").slice(0, 40);
  diagnostics.addNote(
    tree.at,
    `${[name, shown].filter(Boolean).join(" ")}: not ${expected}, or a variable whose value is not known`,
  );
}

/** Reads a number or returns the default. A value that cannot be parsed is recorded, and the result is undefined. */
function numberReader(create: typeof ms, parse: (tree: Tree) => number | undefined, expected: string) {
  return function readNumber(
    tree: Tree | undefined,
    { name, value: defaultValue, at, origin }: NumberDefault,
    diagnostics: Diagnostics,
  ): ConfigNumber | undefined {
    const found = nonNull(tree);
    if (found === undefined) return create(name, defaultValue, at, origin);
    const value = parse(found);
    if (value === undefined) noteUnreadableNumber(found, name, expected, diagnostics);
    return value === undefined ? undefined : create(name, value, found.at);
  };
}

/** Reads a number of seconds. */
export const readSeconds = numberReader(
  ms,
  (tree) => {
    const seconds = number(tree);
    return seconds === undefined ? undefined : seconds * 1000;
  },
  "a number of seconds",
);
/** Reads a time like `1m30s`. A number without a unit is in seconds. */
export const readTime = numberReader(ms, (tree) => milliseconds(text(tree) ?? "", "s"), "a time");
export const readCount = numberReader(count, (tree) => number(tree), "a number");

/** Reads a size, without a default. */
export function readSize(
  tree: Tree | undefined,
  name: string,
  read: (text: string) => number | undefined,
  diagnostics: Diagnostics,
): ConfigNumber | undefined {
  const found = nonNull(tree);
  if (found === undefined) return undefined;
  const value = read(text(found) ?? "");
  if (value === undefined) noteUnreadableNumber(found, name, "a size", diagnostics);
  return value === undefined ? undefined : size(name, value, found.at);
}

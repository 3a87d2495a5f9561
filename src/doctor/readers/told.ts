import { count, ms, type Place, size, type Told } from "../facts.ts";
import type { Ledger } from "../source.ts";
import { milliseconds } from "../units.ts";
import { number, type Tree, text } from "./yaml.ts";

/** A number that is looked for: what it is where nobody writes it, and where it would be written. */
export type Wanted = { name: string; initial: number; at: Place; origin: string };

/** What stands there and says something: YAML's null is as good as nothing. */
const written = (tree: Tree | undefined): Tree | undefined =>
  tree?.kind === "scalar" && tree.value === null && tree.tag === undefined ? undefined : tree;

function note(tree: Tree, name: string, what: string, ledger: Ledger): void {
  const shown = (text(tree) ?? "").slice(0, 40);
  ledger.note(
    tree.at,
    `${[name, shown].filter(Boolean).join(" ")}: not ${what}, or a variable whose value is not known`,
  );
}

/** What is written, else the default. What is written and not understood is noted, and nothing is known of it. */
const teller =
  (made: typeof ms, read: (tree: Tree) => number | undefined, what: string) =>
  (tree: Tree | undefined, { name, initial, at, origin }: Wanted, ledger: Ledger): Told | undefined => {
    const found = written(tree);
    if (found === undefined) return made(name, initial, at, origin);
    const value = read(found);
    if (value === undefined) note(found, name, what, ledger);
    return value === undefined ? undefined : made(name, value, found.at);
  };

/** A bare number of seconds. */
export const toldSeconds = teller(
  ms,
  (tree) => {
    const seconds = number(tree);
    return seconds === undefined ? undefined : seconds * 1000;
  },
  "a number of seconds",
);
/** `1m30s`, where a bare number is seconds. */
export const toldTime = teller(ms, (tree) => milliseconds(text(tree) ?? "", "s"), "a time");
export const toldCount = teller(count, (tree) => number(tree), "a number");

/** A size that has no default. */
export function toldSize(
  tree: Tree | undefined,
  name: string,
  read: (text: string) => number | undefined,
  ledger: Ledger,
): Told | undefined {
  const found = written(tree);
  if (found === undefined) return undefined;
  const value = read(text(found) ?? "");
  if (value === undefined) note(found, name, "a size", ledger);
  return value === undefined ? undefined : size(name, value, found.at);
}

import { isAbsolute, join } from "node:path";
import type { Place } from "../facts.ts";
import { type Files, isReadable, type Ledger, readSettings } from "../source.ts";
import { type Given, readDotEnv } from "./settings.ts";
import { entries, get, list, type Tree, text } from "./yaml.ts";

type Within = { files: Files; folder: string; ledger: Ledger };

/** What a service is given: its files, and over them what it says itself. */
export const environmentOf = (tree: Tree, within: Within): Map<string, Given> =>
  new Map([...fromFiles(tree, within), ...ownOf(tree)]);

/** A map of names, or a list of NAME=value. A name alone is taken from where Compose runs. */
function ownOf(tree: Tree): (readonly [string, Given])[] {
  const named = entries(tree, "environment").map(([key, value]) => [key, given(text(value) ?? "", value.at)] as const);
  const listed = list(tree, "environment").map((item) => {
    const [, key = "", value] = /^([^=]*)(?:=(.*))?$/s.exec(text(item) ?? "") ?? [];
    return [key, value === undefined ? { text: undefined, at: item.at } : given(value, item.at)] as const;
  });
  return [...named, ...listed];
}

const given = (value: string, at: Place): Given => ({ text: /\$\{?\w/.test(value) ? undefined : value, at });

function fromFiles(tree: Tree, { files, folder, ledger }: Within): Map<string, Given> {
  const all = new Map<string, Given>();
  const one = get(tree, "env_file");
  const wanted = one === undefined ? [] : one.kind === "list" ? one.items : [one];
  for (const entry of wanted) {
    const name = text(entry) ?? text(entry, "path");
    if (name === undefined) continue;
    const path = isAbsolute(name) ? name : join(folder, name);
    if (!isReadable(files, path)) {
      if (text(entry, "required") !== "false")
        ledger.note(entry.at, `env_file ${name}: not found, so what it sets is not known`);
    } else
      for (const [key, value] of readDotEnv(readSettings(files, path), files.shown(path), ledger)) all.set(key, value);
  }
  return all;
}

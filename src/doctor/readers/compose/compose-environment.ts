import { isAbsolute, join } from "node:path";
import type { Diagnostics } from "../../diagnostics.ts";
import type { Place } from "../../facts/config-values.ts";
import { type Files, isReadable, readOptionalText } from "../../files.ts";
import { readDotEnv, type SettingValue } from "../application-settings.ts";
import { entries, get, list, type Tree, text } from "../yaml-tree.ts";

type EnvFileContext = { files: Files; folder: string; diagnostics: Diagnostics };

/** Returns the variables of `env_file`, overridden by those of `environment`. */
export const environmentOf = (tree: Tree, context: EnvFileContext): Map<string, SettingValue> =>
  new Map([...fileVariables(tree, context), ...inlineVariables(tree)]);

/** Reads a map, or a list of NAME=value. A name without a value is taken from the shell that runs Compose. */
function inlineVariables(tree: Tree): (readonly [string, SettingValue])[] {
  const named = entries(tree, "environment").map(
    ([key, value]) => [key, settingValue(text(value) ?? "", value.at)] as const,
  );
  const listed = list(tree, "environment").map((item) => {
    const [, key = "", value] = /^([^=]*)(?:=(.*))?$/s.exec(text(item) ?? "") ?? [];
    return [key, value === undefined ? { text: undefined, at: item.at } : settingValue(value, item.at)] as const;
  });
  return [...named, ...listed];
}

const settingValue = (value: string, at: Place): SettingValue => ({
  text: /\$\{?\w/.test(value) ? undefined : value,
  at,
});

function fileVariables(tree: Tree, { files, folder, diagnostics }: EnvFileContext): Map<string, SettingValue> {
  const variables = new Map<string, SettingValue>();
  const envFile = get(tree, "env_file");
  const envFiles = envFile === undefined ? [] : envFile.kind === "list" ? envFile.items : [envFile];
  for (const entry of envFiles) {
    const name = text(entry) ?? text(entry, "path");
    if (name === undefined) continue;
    const path = isAbsolute(name) ? name : join(folder, name);
    // Reading a named pipe would wait for its writer.
    if (!isReadable(files, path) || isPipe(files, path)) {
      if (text(entry, "required") !== "false")
        diagnostics.addNote(entry.at, `env_file ${name}: not found, so its variables are unknown`);
    } else
      for (const [key, value] of readDotEnv(readOptionalText(files, path), files.displayPath(path), diagnostics))
        variables.set(key, value);
  }
  return variables;
}

const isPipe = (files: Files, path: string): boolean => files.kind(path) === "other" && path !== "/dev/null";

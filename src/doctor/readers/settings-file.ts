import type { Diagnostics } from "../diagnostics.ts";
import { type Files, readOptionalText } from "../files.ts";
import { isSetting, readDotEnv, type SettingValue } from "./application-settings.ts";
import { entries, get, parseYaml, type Tree, text } from "./yaml-tree.ts";

const factors: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 };

/** Reads settings in .env form, or a YAML or JSON file with settings, mappings and the variables of the application. */
export function readSettingsFile(files: Files, path: string, diagnostics: Diagnostics): Map<string, SettingValue> {
  const file = files.displayPath(path);
  const source = readOptionalText(files, path);
  const isTree = /\.(?:ya?ml|json)$/.test(path);
  const settings = isTree
    ? settingsFromTree(parseYaml(source, file)[0], diagnostics)
    : readDotEnv(source, file, diagnostics);
  return new Map([...settings].map(([name, value]) => [name, { ...value, isExternal: true }]));
}

/**
 * `KEEP_ALIVE_TIMEOUT_MS: 5000` sets a setting. `DRAIN_DELAY_MS: { variable: server.drainSeconds, unit: s }` maps a
 * setting to a variable of another application. Every other entry sets a variable of that application. The names of nested
 * entries are joined with dots.
 */
export function settingsFromTree(tree: Tree | undefined, diagnostics: Diagnostics): Map<string, SettingValue> {
  const settings = new Map<string, SettingValue>();
  const add = (name: string, value: Tree): void => {
    const variable = text(value, "variable");
    if (variable !== undefined && (isSetting(name) || name === "LARGEST_UPLOAD")) {
      const unit = text(value, "unit") ?? "ms";
      if (factors[unit] === undefined)
        diagnostics.addNote(value.at, `unit ${unit}: not ms, s or m, so ${name} is read as milliseconds`);
      settings.set(name, {
        text: undefined,
        at: value.at,
        isExternal: true,
        mappedFrom: { variable, factor: factors[unit] ?? 1 },
      });
    } else if (value.kind === "map") for (const [key, inner] of entries(value)) add(`${name}.${key}`, inner);
    else if (value.kind === "scalar") settings.set(name, { text: text(value) ?? "", at: value.at, isExternal: true });
  };
  for (const [name, value] of entries(tree)) add(name, value);
  if (tree !== undefined && tree.kind !== "map" && get(tree) !== undefined)
    diagnostics.addNote(tree.at, "is not a map of settings");
  return settings;
}

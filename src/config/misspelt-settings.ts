import { closestWord } from "../core/spelling.ts";
import { fileVariable, isSettingName, secretVariables } from "./files/secret-files.ts";
import { variables } from "./variables.ts";

export type MisspeltSetting = { name: string; meant: string };

/**
 * Returns the variables that look like a misspelt setting. The server starts in spite of them, because the environment
 * also has variables of other programs.
 */
export function misspeltSettings(environment: Readonly<Record<string, string | undefined>>): MisspeltSetting[] {
  return Object.keys(environment).flatMap((name) => {
    if (isSettingName(name)) return [];
    const meant = closestWord(name, settingNames);
    return meant === undefined ? [] : [{ name, meant }];
  });
}

const settingNames = new Set([...Object.keys(variables.shape), ...secretVariables.map(fileVariable)]);

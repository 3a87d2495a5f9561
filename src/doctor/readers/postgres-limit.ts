import type { Diagnostics } from "../diagnostics.ts";
import { type ConfigNumber, type ConfigText, count, type Place } from "../facts/config-values.ts";
import type { SettingValue } from "./application-settings.ts";
import { type Tree, text } from "./yaml-tree.ts";

/** `max_connections` of a Postgres; "unknown" where the value is not understood. */
export type ConnectionLimit = ConfigNumber | "unknown";

type PlacedText = Pick<ConfigText, "text" | "at">;

const name = "max_connections";

/** Matches `postgres -c max_connections=200`, `postgres -N 200`, and a line of postgresql.conf. */
function findMaxConnections(words: string): string | undefined {
  const [, equal, spaced] = /max_connections\s*(?:=\s*['"]?([^\s'"]+)|\s['"]?(\d+))/.exec(words) ?? [];
  return equal ?? spaced ?? /(?:^|\bpostgres\b.*\s)-N\s*([\d$]\S*)/s.exec(words)?.[1];
}

export function parseLimit(written: string | undefined, at: Place, diagnostics: Diagnostics): ConnectionLimit {
  if (written !== undefined && /^\d+$/.test(written)) return count(name, Number(written), at);
  diagnostics.addNote(
    at,
    `${name} ${(written ?? "").slice(0, 40)}: not a number, or a variable whose value is not known`,
  );
  return "unknown";
}

/** Returns the first limit that one of the texts sets. */
export function firstLimit(places: readonly PlacedText[], diagnostics: Diagnostics): ConnectionLimit | undefined {
  for (const { text: words, at } of places) {
    const written = findMaxConnections(words);
    if (written !== undefined) return parseLimit(written, at, diagnostics);
  }
  return undefined;
}

type LimitSources = {
  command: readonly Tree[];
  environment: ReadonlyMap<string, SettingValue>;
  files: readonly PlacedText[];
  at: Place;
};

/**
 * Returns the limit of a container: Bitnami's variable, the command, the mounted files, otherwise Postgres' default.
 */
export function containerConnectionLimit(
  { command, environment, files, at }: LimitSources,
  diagnostics: Diagnostics,
): ConnectionLimit {
  const variable = environment.get("POSTGRESQL_MAX_CONNECTIONS");
  if (variable !== undefined) return parseLimit(variable.text, variable.at, diagnostics);
  // An option and its value may be two items of a list.
  const pairs = command.map((word, index) => ({
    at: word.at,
    text: `${text(command[index - 1]) ?? ""} ${text(word) ?? ""}`.trim(),
  }));
  return firstLimit([...pairs, ...files], diagnostics) ?? count(name, 100, at, "Postgres' default");
}

/**
 * Returns the lines of a text without comments, each with its place. A text block of YAML has
 * the line of its `|` as its place, one line above the text.
 */
export function linesOf(tree: Tree): PlacedText[] {
  const { file, line } = tree.at;
  const lines = (text(tree) ?? "").split("\n");
  return lines
    .map((one, index) => ({ text: one, at: { file, line: lines.length > 1 ? line + 1 + index : line } }))
    .filter((one) => !/^\s*#/.test(one.text));
}

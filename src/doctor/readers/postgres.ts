import { count, type Place, type Seen, type Told } from "../facts.ts";
import type { Ledger } from "../source.ts";
import type { Given } from "./settings.ts";
import { type Tree, text } from "./yaml.ts";

/** `max_connections` of a Postgres; unknown where it is written and cannot be understood. */
export type Limit = Told | "unknown";

type Words = Pick<Seen, "text" | "at">;

const name = "max_connections";

/** `postgres -c max_connections=200`, `postgres -N 200`, a line of postgresql.conf. */
function writtenIn(words: string): string | undefined {
  const [, equal, spaced] = /max_connections\s*(?:=\s*['"]?([^\s'"]+)|\s['"]?(\d+))/.exec(words) ?? [];
  return equal ?? spaced ?? /(?:^|\bpostgres\b.*\s)-N\s*([\d$]\S*)/s.exec(words)?.[1];
}

export function limitFrom(written: string | undefined, at: Place, ledger: Ledger): Limit {
  if (written !== undefined && /^\d+$/.test(written)) return count(name, Number(written), at);
  ledger.note(at, `${name} ${(written ?? "").slice(0, 40)}: not a number, or a variable whose value is not known`);
  return "unknown";
}

/** What the first of these says that says it. */
export function limitAmong(places: readonly Words[], ledger: Ledger): Limit | undefined {
  for (const { text: words, at } of places) {
    const written = writtenIn(words);
    if (written !== undefined) return limitFrom(written, at, ledger);
  }
  return undefined;
}

type Sources = { command: readonly Tree[]; given: ReadonlyMap<string, Given>; files: readonly Words[]; at: Place };

/** Of a container: Bitnami's variable, its command, the files that it may be given, else Postgres' default. */
export function limitOf({ command, given, files, at }: Sources, ledger: Ledger): Limit {
  const variable = given.get("POSTGRESQL_MAX_CONNECTIONS");
  if (variable !== undefined) return limitFrom(variable.text, variable.at, ledger);
  // An option and its value are two words of a list.
  const pairs = command.map((word, index) => ({
    at: word.at,
    text: `${text(command[index - 1]) ?? ""} ${text(word) ?? ""}`.trim(),
  }));
  return limitAmong([...pairs, ...files], ledger) ?? count(name, 100, at, "Postgres' default");
}

/** The lines of a text that are no comments, each at its place: a block begins on the line before its first. */
export function linesOf(tree: Tree): Words[] {
  const { file, line } = tree.at;
  const lines = (text(tree) ?? "").split("\n");
  return lines
    .map((one, index) => ({ text: one, at: { file, line: lines.length > 1 ? line + 1 + index : line } }))
    .filter((one) => !/^\s*#/.test(one.text));
}

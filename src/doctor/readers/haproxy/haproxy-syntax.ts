import { type Diagnostics, UnreadableError } from "../../diagnostics.ts";
import type { Place } from "../../facts/config-values.ts";

export type Line = { words: readonly string[]; at: Place };
export type Section = {
  kind: string;
  name: string;
  at: Place;
  lines: Line[];
  /** The `defaults` section that applies to this one. */
  defaults: Section | undefined;
};

const sectionKinds = new Set([
  ...["global", "defaults", "frontend", "backend", "listen", "resolvers", "peers", "cache", "userlist", "program"],
  ...["http-errors", "ring", "mailers", "fcgi-app", "crt-store", "traces", "log-forward", "log-profile", "acme"],
]);

/** Parses the sections. Conditions (`.if`) are evaluated with the variables that the file sets itself. */
export function parseHaproxy(text: string, file: string, diagnostics: Diagnostics): Section[] {
  const sections: Section[] = [];
  const variables = new Map<string, string>();
  const conditions: { isActive: boolean; wasActive: boolean; at: Place }[] = [];
  let defaults: Section | undefined;

  for (const { text: line, at } of joinLines(text, file)) {
    const condition = /^\s*\.(if|elif|else|endif|notice|warning|alert|diag)\b\s*(.*)$/.exec(line);
    if (condition !== null) {
      handleCondition(condition[1] ?? "", condition[2] ?? "", at);
      continue;
    }
    if (conditions.some(({ isActive }) => !isActive)) continue;
    const words = splitWords(line, at, variables);
    const [first, second = ""] = words;
    if (first === undefined) continue;
    if (/^(?:presetenv|setenv)$/.test(first)) {
      const [, , value = ""] = words;
      if (first === "setenv" || !variables.has(second)) variables.set(second, value);
    }
    if (sectionKinds.has(first)) beginSection(words, at);
    else if (sections.length === 0) throw new UnreadableError(at, `has \`${first.slice(0, 40)}\` before any section`);
    else sections.at(-1)?.lines.push({ words, at });
  }
  const unclosed = conditions.at(-1);
  if (unclosed !== undefined) throw new UnreadableError(unclosed.at, "has an `.if` without `.endif`");
  if (sections.length === 0)
    throw new UnreadableError({ file, line: 1 }, "has no HAProxy section (global, defaults, frontend …)");
  return sections;

  function beginSection(words: readonly string[], at: Place): void {
    const [kind = "", name = ""] = words;
    const from = words[words.indexOf("from") + 1];
    const named = words.includes("from")
      ? sections.find((one) => one.kind === "defaults" && one.name === from)
      : undefined;
    const section: Section = {
      kind,
      name,
      at,
      lines: [],
      defaults: named ?? (kind === "defaults" ? undefined : defaults),
    };
    sections.push(section);
    if (kind === "defaults") defaults = section;
  }

  function handleCondition(word: string, expression: string, at: Place): void {
    const current = conditions.at(-1);
    if (word === "if") {
      const holds = conditions.every(({ isActive }) => isActive) && evaluate(expression, at);
      conditions.push({ isActive: holds, wasActive: holds, at });
      return;
    }
    if (!/^(?:elif|else|endif)$/.test(word)) return;
    if (current === undefined) throw new UnreadableError(at, `has an \`.${word}\` without \`.if\``);
    if (word === "endif") conditions.pop();
    else {
      const enclosingActive = conditions.slice(0, -1).every(({ isActive }) => isActive);
      current.isActive = enclosingActive && !current.wasActive && (word === "else" || evaluate(expression, at));
      current.wasActive ||= current.isActive;
    }
  }

  function evaluate(expression: string, at: Place): boolean {
    const [, not = "", name, inner = ""] = /^(!?)\s*(streq|defined)\(\s*(.*?)\s*\)\s*$/.exec(expression) ?? [];
    if (name === undefined || /&&|\|\|/.test(expression)) {
      if (/^[01]$/.test(expression.trim())) return expression.trim() === "1";
      diagnostics.addNote(at, `.if ${expression}: not understood, so the lines of this block are left out`);
      return false;
    }
    const [left = "", right = ""] = inner.split(",").map((part) => part.trim().replaceAll('"', ""));
    const value = name === "defined" ? variables.has(left) : substituteVariables(left, variables) === right;
    return not === "!" ? !value : value;
  }
}

/** Joins lines that end in a backslash with the next line. */
function* joinLines(text: string, file: string): Generator<{ text: string; at: Place }> {
  let joined = "";
  let startLine = 0;
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (joined === "") startLine = index + 1;
    if (/(?:^|[^\\])\\$/.test(line)) {
      joined += `${line.slice(0, -1)} `;
      continue;
    }
    yield { text: joined + line, at: { file, line: startLine } };
    joined = "";
  }
  if (joined !== "") yield { text: joined, at: { file, line: startLine } };
}

function splitWords(line: string, at: Place, variables: ReadonlyMap<string, string>): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = "";
  for (let index = 0; index < line.length; index++) {
    const char = line.charAt(index);
    if (quote !== "'" && char === "\\" && index + 1 < line.length) word = `${word ?? ""}${line.charAt(++index)}`;
    else if (quote === char) quote = "";
    else if (quote === "" && (char === '"' || char === "'")) {
      quote = char;
      word ??= "";
    } else if (quote === "" && char === "#") break;
    else if (quote === "" && /\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = `${word ?? ""}${char}`;
  }
  if (quote !== "") throw new UnreadableError(at, "ends inside quotes");
  if (word !== undefined) words.push(word);
  return words.map((one) => substituteVariables(one, variables));
}

/**
 * Replaces the variables that the file sets. Other variables come from HAProxy's environment and are kept unchanged.
 */
function substituteVariables(word: string, variables: ReadonlyMap<string, string>): string {
  return word.replaceAll(
    /\$\{(\w+)(?:\[\*\])?\}|^\$(\w+)$/g,
    (whole, braced: string | undefined, bare: string | undefined) => {
      return variables.get(braced ?? bare ?? "") ?? whole;
    },
  );
}

import { UnreadableError } from "../../diagnostics.ts";
import type { Place } from "../../facts/config-values.ts";

/** A directive, with `children` if it opens a block. */
export type Directive = {
  name: string;
  args: readonly string[];
  at: Place;
  parent: Directive | undefined;
  children: Directive[] | undefined;
};

type Token = { kind: "word" | "open" | "close" | "end"; text: string; line: number };

const maxDepth = 50;

/** Parses nginx's syntax, without knowledge of single directives. */
export function parseNginx(text: string, file: string, parent?: Directive): Directive[] {
  const tokens = tokensOf(text, file);
  let next = 0;
  let depth = 0;
  return parseBlock(parent, undefined);

  function parseBlock(enclosing: Directive | undefined, openedAtLine: number | undefined): Directive[] {
    if (++depth > maxDepth)
      throw new UnreadableError({ file, line: openedAtLine ?? 1 }, "has blocks nested too deeply");
    const found: Directive[] = [];
    for (let token = tokens[next]; token !== undefined; token = tokens[next]) {
      next++;
      if (token.kind === "close") {
        if (openedAtLine === undefined)
          throw new UnreadableError({ file, line: token.line }, "has a `}` without an opening brace");
        depth--;
        return found;
      }
      if (token.kind !== "word")
        throw new UnreadableError({ file, line: token.line }, `has a \`${token.text}\` in place of a directive`);
      found.push(parseDirective(token, enclosing));
    }
    if (openedAtLine !== undefined)
      throw new UnreadableError({ file, line: openedAtLine }, "ends inside the block that opens here");
    depth--;
    return found;
  }

  function parseDirective(first: Token, enclosing: Directive | undefined): Directive {
    const args: string[] = [];
    const result: Directive = {
      name: first.text,
      args,
      at: { file, line: first.line },
      parent: enclosing,
      children: undefined,
    };
    for (let token = tokens[next]; token !== undefined; token = tokens[next]) {
      next++;
      if (token.kind === "word") args.push(token.text);
      else if (token.kind === "end") return result;
      else if (token.kind === "open") {
        result.children = parseBlock(result, first.line);
        return result;
      } else break;
    }
    throw new UnreadableError({ file, line: first.line }, `has no \`;\` behind \`${first.text.slice(0, 40)}\``);
  }
}

function tokensOf(text: string, file: string): Token[] {
  const tokens: Token[] = [];
  const kinds = { "{": "open", "}": "close", ";": "end" } as const;
  let line = 1;
  let at = 0;
  while (at < text.length) {
    const char = text.charAt(at);
    if (char === "\n") line++;
    if (/\s/.test(char)) at++;
    else if (char === "#") at = indexOrEnd(text.indexOf("\n", at));
    else if (char === "{" || char === "}" || char === ";") {
      tokens.push({ kind: kinds[char], text: char, line });
      at++;
    } else readWord(char);
  }
  return tokens;

  /**
   * Skips a Lua block, whose quotes, comments and braces follow other rules. The result is a directive without
   * children.
   */
  function skipLua(startLine: number): void {
    let depth = 0;
    const piece = /--\[\[[\s\S]*?\]\]|--[^\n]*|\[\[[\s\S]*?\]\]|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|[{}]/g;
    piece.lastIndex = at;
    for (let found = piece.exec(text); found !== null; found = piece.exec(text)) {
      if (found[0] === "{") depth++;
      if (found[0] !== "}" || --depth > 0) continue;
      line += text.slice(at, piece.lastIndex).split("\n").length - 1;
      at = piece.lastIndex;
      tokens.push({ kind: "end", text: ";", line });
      return;
    }
    throw new UnreadableError({ file, line: startLine }, "ends inside the block that opens here");
  }

  function indexOrEnd(found: number): number {
    return found === -1 ? text.length : found;
  }

  function readWord(first: string): void {
    const startLine = line;
    const quote = first === '"' || first === "'" ? first : undefined;
    let value = "";
    if (quote !== undefined) at++;
    for (; ; at++) {
      const char = text.charAt(at);
      if (char === "") {
        if (quote === undefined) break;
        throw new UnreadableError({ file, line: startLine }, "ends inside the quotes that open here");
      }
      if (char === "\n") {
        if (quote === undefined) break;
        line++;
      }
      if (char === "\\" && at + 1 < text.length) {
        // A backslash before a quote, a blank or a separator is removed. Any other backslash belongs to a regular
        // expression.
        const escaped = text.charAt(++at);
        if (escaped === "\n") line++;
        value += /["'\s;{}]/.test(escaped) ? escaped : `\\${escaped}`;
        continue;
      }
      if (endsWord(char)) break;
      if (quote === undefined && char === "{") {
        // `${name}` is part of the word and opens no block.
        const close = text.indexOf("}", at);
        const inner = close === -1 ? "" : text.slice(at, close + 1);
        if (!/^\{\w+\}$/.test(inner)) break;
        value += inner;
        at = close;
        continue;
      }
      value += char;
    }
    if (quote !== undefined) at++;
    tokens.push({ kind: "word", text: value, line: startLine });
    if (value.endsWith("_by_lua_block")) skipLua(startLine);

    function endsWord(char: string): boolean {
      if (quote !== undefined) return char === quote;
      const beginsVariable = char === "{" && value.endsWith("$");
      return /[\s;{}]/.test(char) && !beginsVariable;
    }
  }
}

/** Returns whether the block has an `include` that was not found, so that it may contain further directives. */
export const hasUnreadInclude = (directives: readonly Directive[] | undefined): boolean =>
  namedIn(directives ?? [], "include").length > 0;

/**
 * Returns the directives with this name that nginx applies: all those in the innermost block that has one. Returns
 * undefined if the result is unknown, because a missing `include` file may contain such a directive and would change it.
 * With `several`, all directives of a block apply together, so the result is also unknown if a file is missing in the block
 * whose directives apply.
 */
export function effectiveDirectives(
  block: Directive | undefined,
  root: readonly Directive[],
  name: string,
  { several = false } = {},
): readonly Directive[] | undefined {
  for (let current = block; current !== undefined; current = current.parent) {
    const found = namedIn(current.children ?? [], name);
    if (hasUnreadInclude(current.children) && (several || found.length === 0)) return undefined;
    if (found.length > 0) return found;
  }
  // Directives outside of `http` do not apply inside.
  if (namedIn(root, "http").length > 0) return [];
  const found = namedIn(root, name);
  return hasUnreadInclude(root) && (several || found.length === 0) ? undefined : found;
}

/** Caches the directives of a block by name, because blocks with thousands of directives are searched often. */
const indexes = new WeakMap<readonly Directive[], ReadonlyMap<string, readonly Directive[]>>();

function namedIn(directives: readonly Directive[], name: string): readonly Directive[] {
  const index = indexes.get(directives) ?? Map.groupBy(directives, (directive) => directive.name);
  indexes.set(directives, index);
  return index.get(name) ?? [];
}

/** Blocks for raw connections, whose directives have the same names and another meaning. */
const nonHttpBlocks = new Set(["stream", "mail"]);

export function* allDirectives(directives: readonly Directive[]): Generator<Directive> {
  for (const directive of directives) {
    yield directive;
    if (directive.children !== undefined && !nonHttpBlocks.has(directive.name))
      yield* allDirectives(directive.children);
  }
}

import type { Place } from "../../config-values.ts";
import { UnreadableError } from "../../diagnostics.ts";

/** One directive of nginx; with `children` where it opened a block. */
export type Directive = {
  name: string;
  args: readonly string[];
  at: Place;
  parent: Directive | undefined;
  children: Directive[] | undefined;
};

type Token = { kind: "word" | "open" | "close" | "end"; text: string; line: number };

const maxDepth = 50;

/** Reads nginx's syntax as nginx does, without knowing what a directive means. */
export function parseNginx(text: string, file: string, parent?: Directive): Directive[] {
  const tokens = tokensOf(text, file);
  let next = 0;
  let depth = 0;
  return block(parent, undefined);

  function block(containing: Directive | undefined, opened: number | undefined): Directive[] {
    if (++depth > maxDepth) throw new UnreadableError({ file, line: opened ?? 1 }, "has blocks nested too deeply");
    const found: Directive[] = [];
    for (let token = tokens[next]; token !== undefined; token = tokens[next]) {
      next++;
      if (token.kind === "close") {
        if (opened === undefined)
          throw new UnreadableError({ file, line: token.line }, "has a `}` that closes nothing");
        depth--;
        return found;
      }
      if (token.kind !== "word")
        throw new UnreadableError({ file, line: token.line }, `has a \`${token.text}\` where a directive is wanted`);
      found.push(directive(token, containing));
    }
    if (opened !== undefined)
      throw new UnreadableError({ file, line: opened }, "ends inside the block that opens here");
    depth--;
    return found;
  }

  function directive(first: Token, containing: Directive | undefined): Directive {
    const args: string[] = [];
    const result: Directive = {
      name: first.text,
      args,
      at: { file, line: first.line },
      parent: containing,
      children: undefined,
    };
    for (let token = tokens[next]; token !== undefined; token = tokens[next]) {
      next++;
      if (token.kind === "word") args.push(token.text);
      else if (token.kind === "end") return result;
      else if (token.kind === "open") {
        result.children = block(result, first.line);
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
    else if (char === "#") at = ending(text.indexOf("\n", at));
    else if (char === "{" || char === "}" || char === ";") {
      tokens.push({ kind: kinds[char], text: char, line });
      at++;
    } else word(char);
  }
  return tokens;

  /** Another language, with quotes, comments and braces of its own: one directive without anything in it. */
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

  function ending(found: number): number {
    return found === -1 ? text.length : found;
  }

  function word(first: string): void {
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
        // A quote or a blank loses its backslash; anything else is a regular expression's.
        const escaped = text.charAt(++at);
        if (escaped === "\n") line++;
        value += /["'\s;{}]/.test(escaped) ? escaped : `\\${escaped}`;
        continue;
      }
      if (quote === undefined ? /[\s;{}]/.test(char) && !(char === "{" && value.endsWith("$")) : char === quote) break;
      if (quote === undefined && char === "{") {
        // `${name}` belongs to the word.
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
  }
}

/** An `include` that is still there was not found: whatever this block says besides is not known. */
export const hasUnreadInclude = (directives: readonly Directive[] | undefined): boolean =>
  namedIn(directives ?? [], "include").length > 0;

/**
 * What nginx goes by: all directives of this name in the innermost block that has one. Undefined where an include that was
 * not found may hold one nearer by, or, of those that add up in a block, one more.
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
  // Outside of `http` there is nothing that counts inside.
  if (namedIn(root, "http").length > 0) return [];
  const found = namedIn(root, name);
  return hasUnreadInclude(root) && (several || found.length === 0) ? undefined : found;
}

/** A block with thousands of others in it is asked again and again. */
const indexes = new WeakMap<readonly Directive[], ReadonlyMap<string, readonly Directive[]>>();

function namedIn(directives: readonly Directive[], name: string): readonly Directive[] {
  const index = indexes.get(directives) ?? Map.groupBy(directives, (directive) => directive.name);
  indexes.set(directives, index);
  return index.get(name) ?? [];
}

/** Connections that are passed on as they are have words of the same names, which mean something else. */
const nonHttpBlocks = new Set(["stream", "mail"]);

export function* allDirectives(directives: readonly Directive[]): Generator<Directive> {
  for (const directive of directives) {
    yield directive;
    if (directive.children !== undefined && !nonHttpBlocks.has(directive.name))
      yield* allDirectives(directive.children);
  }
}

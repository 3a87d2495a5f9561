import { milliseconds } from "../../facts/units.ts";

/** Finds `rate(…[5m])`, `irate` and `increase` with their arguments and the range. */
export function windowsOf(query: string): { name: string; inner: string; windowMs: number; text: string }[] {
  return [...query.matchAll(/\b(rate|irate|increase)\s*\(/g)].flatMap(({ 0: opening, 1: name = "", index }) => {
    const inner = insideOf(query, index + opening.length);
    const text = /\[\s*(\w+)\s*(?::\s*\w*\s*)?\]/.exec(withoutStrings(inner))?.[1];
    const windowMs = text === undefined ? undefined : milliseconds(text, "s");
    return text === undefined || windowMs === undefined ? [] : [{ name, inner, windowMs, text }];
  });
}

/** Replaces the content of string literals by spaces, so that positions stay the same. */
export const withoutStrings = (query: string): string =>
  query.replaceAll(/"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'/g, (words) => `"${" ".repeat(words.length - 2)}"`);

/** Returns the text from an opening bracket to the matching closing one. */
export function insideOf(query: string, from: number): string {
  let depth = 1;
  let quote = "";
  for (let index = from; index < query.length; index++) {
    const char = query.charAt(index);
    if (quote !== "") quote = char === quote ? "" : quote;
    else if (char === '"' || char === "'") quote = char;
    else if (char === "(") depth++;
    else if (char === ")" && --depth === 0) return query.slice(from, index);
  }
  return query.slice(from);
}

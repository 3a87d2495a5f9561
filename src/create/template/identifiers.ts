import { parseSync } from "@swc/core";

/**
 * Renames identifiers such as `startHaven` to `startApi`. Strings and comments are left alone: there, the name is
 * replaced later by the name of the new service, which may not be a valid identifier.
 */
export function renameIdentifiers(source: string): string {
  if (!/haven/i.test(source)) return source;
  // swc does not count positions from 0, so an empty statement is added in front, and its position is subtracted.
  // Behind the statement, a `#!` would be a syntax error, so it becomes a comment.
  const bytes = Buffer.from(`;${source}`);
  const tree = parseSync(bytes.toString().replace(/^;#!/, ";//"), { syntax: "typescript", target: "es2024" });
  const base = tree.body[0]?.span.start ?? 0;
  const endByStart = new Map<number, number>();
  collectIdentifiers(tree, (start, end) => endByStart.set(start - base, end - base));
  let text = "";
  let copiedTo = 1;
  for (const [start, end] of [...endByStart].sort(([a], [b]) => a - b)) {
    const name = bytes.subarray(start, end).toString();
    if (!/^[\w$]+$/.test(name)) throw new Error(`Not an identifier: ${name}`);
    text += bytes.subarray(copiedTo, start).toString() + apiName(name);
    copiedTo = end;
  }
  return text + bytes.subarray(copiedTo).toString();
}

const apiName = (identifier: string): string => identifier.replaceAll("haven", "api").replaceAll("Haven", "Api");

/** Renames the files in imports by the same rule as identifiers. */
export const renameImports = (source: string): string =>
  source.replaceAll(/(?<=(?:\bfrom |\bimport\(|\bURL\()")(\.[^"]*)(?=")/g, apiName);

export const renameModule = (path: string): string => (/^(?:src|test)\/.*\.ts$/.test(path) ? apiName(path) : path);

function collectIdentifiers(node: unknown, onIdentifier: (start: number, end: number) => void): void {
  if (Array.isArray(node)) for (const element of node) collectIdentifiers(element, onIdentifier);
  if (typeof node !== "object" || node === null) return;
  if ("type" in node && node.type === "Identifier" && "value" in node && /haven/i.test(String(node.value))) {
    const { start } = (node as unknown as { span: { start: number } }).span;
    // The end of the span is not used, because for a parameter it includes the type.
    onIdentifier(start, start + Buffer.byteLength(String(node.value)));
  }
  for (const child of Object.values(node)) collectIdentifiers(child, onIdentifier);
}

import { parseSync } from "@swc/core";

/**
 * Renames identifiers such as `startHaven` to `startApi`. Strings and comments are left alone: there, the name is
 * replaced later by the name of the new service, which may not be a valid identifier.
 */
export function renameIdentifiers(source: string): string {
  if (!/haven/i.test(source)) return source;
  // swc does not count positions from 0, so the position of an added first statement is subtracted. It must not move a
  // `#!` from the first line.
  const bytes = Buffer.from(`;${source}`);
  const tree = parseSync(bytes.toString().replace(/^;#!/, ";//"), { syntax: "typescript", target: "es2024" });
  const base = tree.body[0]?.span.start ?? 0;
  const places = new Map<number, number>();
  collect(tree, (start, end) => places.set(start - base, end - base));
  let text = "";
  let at = 1;
  for (const [start, end] of [...places].sort(([a], [b]) => a - b)) {
    const name = bytes.subarray(start, end).toString();
    if (!/^[\w$]+$/.test(name)) throw new Error(`Not an identifier: ${name}`);
    text += bytes.subarray(at, start).toString() + apiName(name);
    at = end;
  }
  return text + bytes.subarray(at).toString();
}

const apiName = (identifier: string): string => identifier.replaceAll("haven", "api").replaceAll("Haven", "Api");

/** File names in imports follow the identifiers. */
export const renameImports = (source: string): string =>
  source.replaceAll(/(?<=(?:\bfrom |\bimport\(|\bURL\()")(\.[^"]*)(?=")/g, apiName);

export const renameModule = (path: string): string => (/^(?:src|test)\/.*\.ts$/.test(path) ? apiName(path) : path);

function collect(node: unknown, found: (start: number, end: number) => void): void {
  if (Array.isArray(node)) for (const one of node) collect(one, found);
  if (typeof node !== "object" || node === null) return;
  if ("type" in node && node.type === "Identifier" && "value" in node && /haven/i.test(String(node.value))) {
    const { start } = (node as unknown as { span: { start: number } }).span;
    // Not the end of the span, which for a parameter includes its type.
    found(start, start + Buffer.byteLength(String(node.value)));
  }
  for (const child of Object.values(node)) collect(child, found);
}

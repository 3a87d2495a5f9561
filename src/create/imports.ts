import { posix } from "node:path";

const anyImport = /(?:\bfrom\s*|\bimport\s*\(?\s*|\brequire\()"([\w@.][\w@./-]*|node:[\w/]+)"/g;

/** Returns what a source imports: packages as they are, files with their path in the project. */
export function importsOf(path: string, source: string): { files: string[]; packages: string[] } {
  const specifiers = [...source.matchAll(anyImport)].map(([, specifier = ""]) => specifier);
  return {
    files: specifiers.filter((one) => one.startsWith(".")).map((one) => posix.join(posix.dirname(path), one)),
    packages: specifiers.filter((one) => !/^(?:\.|node:)/.test(one)).map(packageOf),
  };
}

/** `@scope/name` of `@scope/name/path`. */
const packageOf = (specifier: string): string =>
  specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");

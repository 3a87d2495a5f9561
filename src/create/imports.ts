import { posix } from "node:path";

const anyImport = /(?:\bfrom\s*|\bimport\s*\(?\s*|\brequire\()"([\w@.][\w@./-]*|node:[\w/]+)"/g;

/** Returns the names of the packages and the paths of the files that a source imports. Paths begin at the project. */
export function importsOf(path: string, source: string): { files: string[]; packages: string[] } {
  const specifiers = [...source.matchAll(anyImport)].map(([, specifier = ""]) => specifier);
  return {
    files: specifiers.filter((name) => name.startsWith(".")).map((name) => posix.join(posix.dirname(path), name)),
    packages: specifiers.filter((name) => !/^(?:\.|node:)/.test(name)).map(packageOf),
  };
}

/** Returns the package of a specifier, such as `@scope/name` for `@scope/name/path`. */
const packageOf = (specifier: string): string =>
  specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");

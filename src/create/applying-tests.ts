import { posix } from "node:path";
import { hasPath, isText, type ProjectFiles, textOf } from "./files.ts";
import { importsOf } from "./imports.ts";

const isTestCode = (path: string): boolean => /^test\/.*\.(?:ts|mjs|js)$/.test(path);

/**
 * Returns the test files that do not apply to a project: those that import or read a file which `before` has and `after`
 * lacks, and those that import one of them.
 */
export function testsWithoutSubject(before: ProjectFiles, after: ProjectFiles): Set<string> {
  const gone = (path: string) => hasPath(before, path) && !hasPath(after, path);
  const dropped = new Set<string>();
  for (;;) {
    const found = [...after].filter(
      ([path, file]) =>
        isTestCode(path) &&
        !dropped.has(path) &&
        isText(file) &&
        pathsIn(path, textOf(file)).some((one) => gone(one) || dropped.has(one)),
    );
    if (found.length === 0) return dropped;
    for (const [path] of found) dropped.add(path);
  }
}

/** Returns the paths that a test imports, and all strings that may be paths. */
function pathsIn(path: string, source: string): string[] {
  const strings = [...source.matchAll(/(["'`])([\w./-]+)\1/g)].map(([, , text = ""]) => text.replace(/\/$/, ""));
  const named = strings.map((text) => (text.startsWith(".") ? posix.join(posix.dirname(path), text) : text));
  return [...importsOf(path, source).files, ...named];
}

import { posix } from "node:path";
import { hasPath, isText, type ProjectFiles, textOf } from "./files.ts";
import { importsOf } from "./imports.ts";

const isTestCode = (path: string): boolean => /^test\/.*\.(?:ts|mjs|js)$/.test(path);

/**
 * Returns the test files that do not apply to a project. Such a test imports or reads a file that is in `before` and
 * not in `after`, or it imports another test file that does not apply.
 */
export function testsWithoutSubject(before: ProjectFiles, after: ProjectFiles): Set<string> {
  const isMissing = (path: string) => hasPath(before, path) && !hasPath(after, path);
  const dropped = new Set<string>();
  for (;;) {
    const newlyDropped = [...after].filter(
      ([path, file]) =>
        isTestCode(path) &&
        !dropped.has(path) &&
        isText(file) &&
        pathsIn(path, textOf(file)).some((needed) => isMissing(needed) || dropped.has(needed)),
    );
    if (newlyDropped.length === 0) return dropped;
    for (const [path] of newlyDropped) dropped.add(path);
  }
}

/** Returns the paths that a test imports, and all strings that may be paths. */
function pathsIn(path: string, source: string): string[] {
  const strings = [...source.matchAll(/(["'`])([\w./-]+)\1/g)].map(([, , text = ""]) => text.replace(/\/$/, ""));
  const possiblePaths = strings.map((text) => (text.startsWith(".") ? posix.join(posix.dirname(path), text) : text));
  return [...importsOf(path, source).files, ...possiblePaths];
}

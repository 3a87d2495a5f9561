import { basename, dirname, isAbsolute, join, matchesGlob } from "node:path";
import { type Diagnostics, UnreadableError } from "../../diagnostics.ts";
import { type Files, readRequiredFile } from "../../files.ts";
import { type Directive, parseNginx } from "./nginx-syntax.ts";

/** Files of the nginx distribution without directives that rules check. */
const ignoredIncludes = new Set(["mime.types", "fastcgi_params", "fastcgi.conf", "scgi_params", "uwsgi_params"]);
const maxFiles = 500;

/**
 * Reads the whole configuration and replaces each `include` by the content of the file. Keeps an `include` of a missing
 * file.
 */
export function readNginxFiles(files: Files, path: string, diagnostics: Diagnostics): Directive[] {
  const isFolder = files.kind(path) === "folder";
  const hasMain = isFolder && files.kind(join(path, "nginx.conf")) === "file";
  const main = hasMain ? join(path, "nginx.conf") : path;
  const prefix = isFolder && !hasMain ? path : dirname(main);
  let fileCount = 0;

  if (isFolder && !hasMain) {
    const parts = files.list(path).filter((name) => name.endsWith(".conf"));
    if (parts.length === 0)
      throw new UnreadableError(
        { file: files.displayPath(path), line: 1 },
        "is a folder without nginx.conf or another .conf file",
      );
    return parts.flatMap((name) => readIncluded(join(path, name), undefined, []));
  }
  return readIncluded(main, undefined, []);

  function readIncluded(file: string, parent: Directive | undefined, ancestors: readonly string[]): Directive[] {
    if (++fileCount > maxFiles)
      throw new UnreadableError({ file: files.displayPath(main), line: 1 }, "includes too many files");
    return expand(parseNginx(readRequiredFile(files, file), files.displayPath(file), parent), [...ancestors, file]);
  }

  function expand(directives: Directive[], ancestors: readonly string[]): Directive[] {
    return directives.flatMap((directive) => {
      if (directive.name === "include" && directive.children === undefined) return replaceInclude(directive, ancestors);
      if (directive.children !== undefined) directive.children = expand(directive.children, ancestors);
      return [directive];
    });
  }

  function replaceInclude(directive: Directive, ancestors: readonly string[]): Directive[] {
    const [includePath = ""] = directive.args;
    if (ignoredIncludes.has(basename(includePath))) return [];
    const includedFiles = filesOf(includePath);
    if (includedFiles === undefined) {
      diagnostics.addNote(directive.at, `include ${includePath}: not found, so its content is unknown`);
      return [directive];
    }
    return includedFiles.flatMap((file) => {
      if (ancestors.includes(file)) {
        diagnostics.addNote(directive.at, `include ${includePath}: the file includes itself`);
        return [];
      }
      return readIncluded(file, directive.parent, ancestors);
    });
  }

  /**
   * Returns the files that an include names; undefined if the file, or the folder of the pattern, does not exist. Paths
   * below /etc/nginx are read from the folder of the configuration (`prefix`), never from /etc/nginx of this machine.
   */
  function filesOf(includePath: string): string[] | undefined {
    const place = isAbsolute(includePath)
      ? includePath.replace(/^\/etc\/nginx(?=\/)/, () => prefix)
      : join(prefix, includePath);
    if (!/[*?[]/.test(includePath)) return files.kind(place) === "file" ? [place] : undefined;
    const [parentFolder, pattern] = [dirname(place), basename(place)];
    if (/[*?[]/.test(parentFolder) || files.kind(parentFolder) !== "folder") return undefined;
    return files
      .list(parentFolder)
      .filter((name) => matchesGlob(name, pattern))
      .map((name) => join(parentFolder, name))
      .filter((file) => files.kind(file) === "file");
  }
}

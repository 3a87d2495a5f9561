import { posix } from "node:path";
import { testsWithoutSubject } from "./applying-tests.ts";
import { hasPath, isText, type ProjectFile, type ProjectFiles, textFile, textOf } from "./files.ts";
import { namesOf } from "./names.ts";
import { packageFiles, type Vendored } from "./package-files.ts";
import { type Part, partOf, withNeeds } from "./parts.ts";
import { rename } from "./rename.ts";

/** Everything that a project can contain, with the name of this repository. */
export type Template = {
  files: ProjectFiles;
  vendored: Vendored;
  /** Edits of files in projects that lack a part: the lines that match are removed. */
  withoutPart: readonly { part: Part; file: string; lines: RegExp }[];
};

export type Choices = { name: string; parts: readonly Part[] };

/** Returns the files of a project with this name and these parts. */
export function createProject(template: Template, { name, parts }: Choices): ProjectFiles {
  const names = namesOf(name);
  const chosen = new Set(withNeeds(parts));
  const files = new Map<string, ProjectFile>();
  for (const [path, file] of template.files) {
    const part = partOf(path);
    if (part === undefined || chosen.has(part)) files.set(path, file);
  }
  for (const { part, file, lines } of template.withoutPart) {
    const current = files.get(file);
    if (!chosen.has(part) && current !== undefined) files.set(file, withoutLines(current, lines));
  }
  for (const path of testsWithoutSubject(template.files, files)) files.delete(path);
  for (const [path, file] of files) if (path.endsWith(".md")) files.set(path, withoutDeadLinks(files, path, file));

  const description = `${names.title}, an Express API server whose health probes tell the truth`;
  const { vendored } = template;
  const generated = packageFiles(files, { name, description, vendored });
  const renamed = new Map<string, ProjectFile>();
  for (const [path, file] of [...files, ...generated]) {
    const target = rename(path, names);
    if (renamed.has(target) && !generated.has(path)) throw new Error(`Two files would be called ${target}.`);
    const content = isText(file) ? textFile(rename(textOf(file), names), file.executable) : file;
    renamed.set(target, content);
  }
  return renamed;
}

const withoutLines = (file: ProjectFile, lines: RegExp): ProjectFile =>
  textFile(
    textOf(file)
      .split("\n")
      .filter((line) => !lines.test(line))
      .join("\n"),
    file.executable,
  );

/** A link to a page that this project lacks becomes plain text. */
function withoutDeadLinks(files: ProjectFiles, path: string, file: ProjectFile): ProjectFile {
  const text = textOf(file).replaceAll(
    /(?<!!)\[([^\]]+)\]\(([^)#\s]+)(#[^)]*)?\)/g,
    (link, words: string, target: string) => {
      if (/^[a-z]+:/.test(target)) return link;
      return hasPath(files, posix.join(posix.dirname(path), target).replace(/\/$/, "")) ? link : words;
    },
  );
  return textFile(text, file.executable);
}

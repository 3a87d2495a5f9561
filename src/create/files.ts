/** One file of a project. Paths are relative to the project, with `/`. */
export type ProjectFile = { content: Buffer; executable: boolean };

export type ProjectFiles = ReadonlyMap<string, ProjectFile>;

export const textFile = (text: string, executable = false): ProjectFile => ({
  content: Buffer.from(text),
  executable,
});

/** Binary files, which are copied unchanged, contain NUL bytes. */
export const isText = ({ content }: ProjectFile): boolean => !content.includes(0);

export const textOf = ({ content }: ProjectFile): string => content.toString("utf8");

/** Returns whether the path is a file or a folder with files. */
export function hasPath(files: ProjectFiles, path: string): boolean {
  if (files.has(path)) return true;
  for (const name of files.keys()) if (name.startsWith(`${path}/`)) return true;
  return false;
}
